"""What verify_ledger is to check of the documents: their sums, their series, and what notes and take-backs do."""
