"""What verify_ledger checks of the customers: their accounts, and the chain of the ledger."""

from customers.checks import accounts, chain, heads, imported, neighbours, parameters, told, units

__all__ = ["accounts", "chain", "heads", "imported", "neighbours", "parameters", "told", "units"]
