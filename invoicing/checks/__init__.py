"""What verify_ledger checks of the documents: their sums, their series, and what notes and take-backs do."""

from invoicing.checks import charging, documents, neighbours, series, settling, taking_back, told, units

__all__ = ["charging", "documents", "neighbours", "series", "settling", "taking_back", "told", "units"]
