"""What a later import of the same rows, or of rows that follow on them, leaves alone and brings."""

import datetime as dt
from decimal import Decimal as D

import pytest

from customers.models import Organisation
from invoicing.models import Invoice
from subscriptions.models import Subscription
from tests.support.directory import ACME, COUNTS, S1, S2, S3, row_counts

pytestmark = [pytest.mark.usefixtures("first"), pytest.mark.django_db]


def unchanged(lines):
    return [f"{line.split(':')[0]}: 0 new, {line.split(': ')[1].split()[0]} unchanged" for line in lines]


def test_the_same_directory_changes_nothing(directory, imported):
    path = directory.write()
    before = row_counts()
    stored = list(Subscription.objects.order_by("id").values())
    assert imported(path) == (0, unchanged(COUNTS), [])
    assert {**row_counts(), "audit_auditentry": 0} == {**before, "audit_auditentry": 0}
    assert list(Subscription.objects.order_by("id").values()) == stored


def test_an_equal_row_stays_unchanged_whatever_the_portal_did(directory, imported):
    path = directory.write()
    Organisation.objects.filter(uuid=ACME).update(name="Renamed", timezone="Europe/Berlin")
    Subscription.objects.filter(uuid=S1).update(auto_renew=False, expires_on=dt.date(2026, 9, 30))
    assert imported(path) == (0, unchanged(COUNTS), [])
    assert Organisation.objects.get(uuid=ACME).name == "Renamed"
    assert Subscription.objects.get(uuid=S1).auto_renew is False


def test_another_way_of_writing_is_the_same_row(directory, imported):
    directory.set("organisations", 2, "uuid", ACME.upper())
    directory.set("organisations", 2, "credit_limit", "100.000")
    directory.set("organisations", 3, "opening_balance", "0")
    directory.set("cycles", 2, "net", "050")
    directory.set("subscriptions", 3, "auto_renew", "false")
    assert imported(directory.write()) == (0, unchanged(COUNTS), [])


def test_a_later_directory_brings_new_cycles(directory, imported):
    directory.files = {
        "organisations": directory.files["organisations"][:1],
        "cycles": [
            directory.files["cycles"][0],
            directory.files["cycles"][2],
            f"{S1},2026-03-31,2,100.00,9.00,109.00,TIN-2,2026-03-31,,",
            f"{S2},2026-03-01,1,900,0,0,TIN-9,,,",
        ],
    }
    status, out, err = imported(directory.write(), at=dt.datetime(2026, 4, 2, tzinfo=dt.UTC))
    assert (status, out, err) == (
        0,
        ["organisations.csv: 0 new, 0 unchanged", "cycles.csv: 2 new, 1 unchanged"],
        [],
    )
    first, second = Subscription.objects.get(uuid=S1), Subscription.objects.get(uuid=S2)
    assert (first.status, first.expires_on, first.cycles.count()) == ("active", dt.date(2026, 5, 30), 3)
    assert (second.status, second.expires_on) == ("expired", dt.date(2026, 3, 31))
    invoice = Invoice.objects.get(number="TIN-2")
    assert (invoice.charged, invoice.paid, invoice.status) == (D("163.5"), 129, "awaiting_payment")
    assert invoice.issued_on == dt.date(2026, 3, 31)


def test_a_terminated_subscription_gets_no_more_cycles(directory, imported):
    directory.add("cycles", f"{S3},2026-03-01,1,50,0,0,TIN-7,,,")
    status, _, err = imported(directory.write())
    assert status == 1
    assert err == [
        "cycles.csv:5: subscription_uuid: the subscription was terminated on 2026-02-20 and never changes again, "
        "expected no further cycle"
    ]
