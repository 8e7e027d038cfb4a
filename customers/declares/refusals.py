"""Declare what the refusals of this app say."""

from customers import refusals
from customers.contacts import operations as contacts
from portal import frame
from portal.lib import money


def _top_up_not_whole(refusal: refusals.TopUpNotWhole) -> str:
    least = money.display(money.minor_unit(refusal.currency), currency=refusal.currency)
    return f"A top-up is above 0 and has no more decimals than its currency: {least} is the least."


frame.declare(
    {
        refusals.BalanceOutOfRange: "The balance would become larger than an account can hold.",
        refusals.BalanceMoved: "Another entry came in meanwhile, so the balances below are new.",
        refusals.TopUpNotWhole: _top_up_not_whole,
        contacts.ContactsChanged: "The contacts were changed meanwhile.",
    }
)
