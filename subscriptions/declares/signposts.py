"""Declare where the cause of a ledger entry or of a hold is shown: its termination."""

from portal.lib import signposts

signposts.declare(cause="subscriptions:termination")
