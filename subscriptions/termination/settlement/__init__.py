"""What becomes of the money: decided here, and written here."""
