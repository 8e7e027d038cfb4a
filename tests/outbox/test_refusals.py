"""What the refusals of “Send again” tell."""

import pytest

from portal.outbox.operations import again
from tests.support import refusals

NO_ADDRESS = "There is no address to send it to: "
TABLE = [
    (again.AlreadyOnItsWay(), "message_on_its_way", "The message waits to be sent already."),
    (again.AlreadySent(), "message_sent", "This message was sent meanwhile: nothing was changed."),
    (
        again.NoAddressOfCustomer("Acme"),
        "no_address_of_customer",
        f"{NO_ADDRESS}Acme has neither a billing e-mail nor an owner e-mail. Add one, then send it again.",
    ),
    (
        again.NoAddressOfProvider(),
        "no_address_of_provider",
        f"{NO_ADDRESS}Portal Config has no notification address. A superuser can add one; then send it again.",
    ),
]


@pytest.mark.parametrize(("refusal", "code", "words"), TABLE)
def test_what_it_tells(refusal, code, words):
    assert refusals.told(refusal) == (code, 409, "", words)


def test_all_are_here():
    assert {type(row[0]) for row in TABLE} == refusals.coded("portal.outbox")
