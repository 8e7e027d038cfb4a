"""What customers are told ahead: a renewal, an expiry without one, the end of a number's reservation."""
