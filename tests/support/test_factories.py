from decimal import Decimal

import pytest

from tests.support import factories
from tests.support.factories import C

pytestmark = pytest.mark.django_db


def test_sums_of_a_charge_follow_the_rows_they_sum() -> None:
    made = factories.subscription(cycles=(C("2026-03-01", net="100", tax="9", paid="60"),))
    line = factories.charge_of(made)
    assert (line.charged, line.paid, line.noted) == (Decimal(109), Decimal(60), Decimal(0))
    assert line.invoice.status == "awaiting_payment"
    factories.pay(line, "49")
    factories.credit_note(made.organisation, net="10", tax="0.9", line=line)
    line.refresh_from_db()
    assert (line.paid, line.noted) == (Decimal(109), Decimal("10.9"))
    line.invoice.refresh_from_db()
    assert (line.invoice.status, line.invoice.paid) == ("paid", Decimal(109))
