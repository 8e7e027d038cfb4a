"""How a termination is told: before, beside its button, after, and by mail. Pure."""
