"""A run of the clean-up: what is due, batch by batch, by one process or several."""
