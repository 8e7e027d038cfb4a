"""The termination of one subscription, step by step."""
