"""The one writer of terminations, of one or of thousands."""
