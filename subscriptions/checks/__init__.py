"""What verify_ledger checks of the subscriptions: what ended them, and what was told and given back for it."""

from subscriptions.checks import hashes, imported, neighbours, quoted, refunds, requests, subscriptions, told, units

__all__ = ["hashes", "imported", "neighbours", "quoted", "refunds", "requests", "subscriptions", "told", "units"]
