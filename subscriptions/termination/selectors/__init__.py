"""Read what a termination is computed from, and what it wrote."""
