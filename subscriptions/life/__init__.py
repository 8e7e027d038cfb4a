"""What happens to a subscription while it lives: so far, auto-renewal is switched."""
