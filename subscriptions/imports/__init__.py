"""What this app's CSV files are: their columns, what must hold between their rows, and how they are written."""
