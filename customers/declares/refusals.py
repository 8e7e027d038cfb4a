"""Declare what the refusals of this app say."""

from customers import refusals
from customers.contacts import operations as contacts
from customers.exemption import operations as exemption
from portal import frame
from portal.lib import mistakes, money


def _amount_not_usable(refusal: refusals.AmountNotUsable) -> str:
    least = money.minor_unit(refusal.currency)
    if not refusal.amount.is_finite() or refusal.amount <= 0:
        return mistakes.too_little(refusal.amount, least=least)
    shown = money.display(least, currency=refusal.currency)
    return f"The amount has more decimals than the currency: {shown} is the least."


frame.declare(
    {
        refusals.BalanceOutOfRange: "The balance would become larger than an account can hold.",
        refusals.BalanceMoved: "Another entry came in meanwhile, so the balances below are new.",
        refusals.AmountNotUsable: _amount_not_usable,
        exemption.ExemptionChanged: "The tax exemption was changed meanwhile.",
        contacts.ContactsChanged: "The contacts were changed meanwhile.",
    }
)
