"""What the refusals of the Customer app tell programs and people."""

from decimal import Decimal

import pytest

from customers import refusals
from customers.contacts import operations as contacts
from customers.exemption import operations as exemption
from portal import frame
from tests.support.refusals import coded, told

TABLE: dict[frame.Refused, tuple[str, int, str, str]] = {
    refusals.BalanceOutOfRange(balance=Decimal("9999999999999"), amount=Decimal(1)): (
        "balance_out_of_range",
        422,
        "amount",
        "The balance would become larger than an account can hold.",
    ),
    refusals.BalanceMoved(seen_seq=3, last_seq=4): (
        "balance_moved",
        409,
        "",
        "Another entry came in meanwhile, so the balances below are new.",
    ),
    refusals.AmountNotUsable(Decimal("-1"), "SGD"): (
        "amount_not_usable",
        422,
        "amount",
        "“-1” is too little; expected 0.01 or more.",
    ),
    refusals.AmountNotUsable(Decimal("0.001"), "SGD"): (
        "amount_not_usable",
        422,
        "amount",
        "The amount has more decimals than the currency: SGD 0.01 is the least.",
    ),
    exemption.ExemptionChanged(is_tax_exempt=True): (
        "tax_exemption_changed",
        409,
        "",
        "The tax exemption was changed meanwhile.",
    ),
    contacts.ContactsChanged(
        current=contacts.Contacts(name="Acme", owner_email="", billing_email="", customer_reference="")
    ): ("contacts_changed", 409, "", "The contacts were changed meanwhile."),
}


@pytest.mark.parametrize(("refusal", "expected"), TABLE.items(), ids=lambda value: type(value).__name__)
def test_a_refusal_tells_code_status_field_and_words(
    refusal: frame.Refused, expected: tuple[str, int, str, str]
) -> None:
    assert told(refusal) == expected


def test_the_table_holds_every_refusal() -> None:
    assert coded("customers") == {type(refusal) for refusal in TABLE}
