"""Say what becomes of subscriptions while they live."""
