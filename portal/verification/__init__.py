"""Run what the apps declare to `verify_ledger`, and say what does not agree."""
