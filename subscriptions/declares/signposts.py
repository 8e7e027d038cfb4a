"""Declare where subscriptions are shown, and the cause of a ledger entry or of a hold: its termination."""

from portal.lib import signposts

signposts.declare(cause="subscriptions:termination", subscription="subscriptions:detail")
