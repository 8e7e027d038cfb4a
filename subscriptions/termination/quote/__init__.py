"""The quote: what is shown, sealed, compared and stored, in one shape. Pure."""
