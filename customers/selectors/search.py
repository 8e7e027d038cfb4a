"""Find organisations."""
