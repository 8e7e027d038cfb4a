"""What verify_ledger is to check of the customers: their accounts, and the chain of the ledger."""
