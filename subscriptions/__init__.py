"""Hold what organisations pay for: products, plans, contracts, subscriptions, cycles, terminations."""
