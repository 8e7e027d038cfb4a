"""The steps of a termination as an agent takes them, and what they answer with."""
