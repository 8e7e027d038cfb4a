"""Who the customers are, how to find them, and what they can spend.

Import them from here; below stands which file has which.
"""

from customers.models.credits import CreditAccount, LedgerEntry, TopUp
from customers.models.organisations import Member, Organisation, folded_number
from customers.models.search import SearchKey, SearchText, SearchWord

__all__ = [
    "CreditAccount",
    "LedgerEntry",
    "Member",
    "Organisation",
    "SearchKey",
    "SearchText",
    "SearchWord",
    "TopUp",
    "folded_number",
]
