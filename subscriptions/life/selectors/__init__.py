"""Read what is due to be renewed, and what it costs."""
