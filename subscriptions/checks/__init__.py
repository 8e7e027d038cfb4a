"""What verify_ledger is to check of the subscriptions: what ended them, and what was told and given back for it."""
