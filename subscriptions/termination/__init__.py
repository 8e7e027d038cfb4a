"""The main job: one subscription ends, and money goes back exactly once."""
