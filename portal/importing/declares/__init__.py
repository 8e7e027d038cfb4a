"""What the import tells to lower places."""
