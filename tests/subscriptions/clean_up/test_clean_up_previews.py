"""The clean-up writes what a single termination writes: what stays owed is read of all at once, and is the same."""

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from portal import verification
from portal.audit.models import AuditEntry
from portal.frame import SYSTEM
from portal.outbox.models import Delivery
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import expire
from subscriptions.models import Subscription, Termination
from subscriptions.selectors import reading
from subscriptions.termination import operations, requested
from subscriptions.termination.quote import quotes
from subscriptions.termination.selectors import quoting
from tests.support import factories
from tests.support.factories import C
from tests.support.terminations import preview, seen_of

pytestmark = pytest.mark.django_db(transaction=True)


def previews(day: dt.date) -> dict[int, Any]:
    """Write the documents in Python, for every subscription of the portal that can still end."""
    config = settings_selectors.current_config()
    found = list(reading.subscriptions().exclude(status="terminated"))
    facts = quoting.facts_of_many(found)
    written = {}
    for subscription in found:
        quote = quoting.quote_of(subscription, on=day, config=config, facts=facts[subscription.pk])
        assert isinstance(quote, quotes.Quote)
        written[subscription.pk] = quotes.document(quote)
    return written


def end_all(day: dt.date) -> dict[int, Any]:
    before = set(Termination.objects.values_list("pk", flat=True))
    counts = expire.terminate_expired(
        as_of=day, limit=None, is_also_renewing=True, by=SYSTEM, at=timezone.now(), batch_size=300
    )
    assert counts.failed == 0
    return dict(Termination.objects.exclude(pk__in=before).values_list("subscription_id", "quote"))


def late() -> dt.date:
    return Subscription.objects.latest("expires_on").expires_on + dt.timedelta(days=29)


@pytest.mark.usefixtures("demo")
def test_the_demo_ends_with_the_previews_of_the_other_way():
    day = late()
    expected = previews(day)
    written = end_all(day)
    assert len(written) > 100
    assert {quote["currency"] for quote in written.values()} >= {"SGD", "JPY", "KWD"}
    assert any(quote["owed"] for quote in written.values())
    assert written == expected
    # On that day: numbers that are reserved today are free by then.
    assert not list(verification.faults(at=dt.datetime.combine(day, dt.time(12), tzinfo=dt.UTC)))


@pytest.mark.usefixtures("demo")
def test_previews_agree_on_amounts_that_nobody_should_see(agent):
    """Whatever stands in the rows: voids, fees, usage, notes, waivers, more decimals than the currency has."""
    config = settings_selectors.current_config()
    values = settings_policies.Values(
        **{name: getattr(config, name) for name in settings_policies.Values.__dataclass_fields__}
    )
    settings_operations.save_config(
        values=replace(values, charge_administrative_fee=True, full_refund_days=None, refund_method="none"),
        seen_version=config.number,
        by=agent,
        at=timezone.now(),
    )
    clean = "AND net > 1 AND noted + waived + refunded = 0"
    issued = "AND invoice_id IN (SELECT id FROM invoicing_invoice WHERE status = 'awaiting_payment')"
    with connection.cursor() as cursor:
        for statement in (
            "UPDATE invoicing_chargeline SET kind = 'usage' WHERE id % 7 = 0",
            "UPDATE invoicing_chargeline SET kind = 'activation_fee' WHERE id % 7 = 1",
            f"UPDATE invoicing_chargeline SET noted = noted + 0.0050 WHERE id % 5 = 0 {clean}",
            f"UPDATE invoicing_chargeline SET waived = 0.0149 WHERE id % 5 = 1 AND paid = 0 {clean} {issued}",
            f"UPDATE invoicing_chargeline SET refunded = 0.5 WHERE id % 5 = 2 AND paid > 1 {clean}",
            "UPDATE invoicing_invoice SET status = 'void' WHERE paid = 0 AND waived = 0 AND id % 2 = 0",
            "UPDATE subscriptions_cyclecharge SET is_external_invoice = true WHERE id % 11 = 0",
        ):
            cursor.execute("SELECT set_config('portal.operation', 'test', false)")
            cursor.execute(statement)
            assert cursor.rowcount > 0, statement
        cursor.execute("SELECT set_config('portal.operation', '', false)")
    day = late()
    expected = previews(day)
    assert end_all(day) == expected


def test_a_subscription_without_cycles_and_one_with_a_charge_of_several(now):
    factories.subscription(cycles=(), started_on="2025-01-31", expires_on=dt.date(2026, 1, 1))
    made = factories.subscription(cycles=(C("2025-11-30"), C("2025-12-30")))
    line = factories.invoice(made.organisation, amounts=[("7.00", "0.63")], paid=["0"]).lines.get()
    cycle = made.cycles.latest("first_day")
    cycle.charges.create(line=line, first_day=dt.date(2026, 1, 5), day_after=cycle.day_after)
    expected = previews(dt.date(2026, 3, 10))
    assert [part["amount"] for part in expected[made.pk]["owed"]] == ["7.63"]
    assert end_all(dt.date(2026, 3, 10)) == expected


def test_what_has_expired_is_stored_with_terms_why_and_what_stays_owed_by_invoice(configure):
    configure(full_refund_days=None, charge_administrative_fee=True, fees={"SGD": "21.40"})
    made = factories.subscription(
        cycles=(C("2025-12-01", paid="38.80"), C("2026-01-01", net="45.87", tax="4.13", paid="0"))
    )
    first, second = (factories.charge_of(made, day).invoice.number for day in ("2025-12-01", "2026-01-01"))
    version = settings_selectors.current_config().number
    (stored,) = end_all(dt.date(2026, 3, 10)).values()
    assert stored == {
        "schema": 1,
        "subscription": str(made.uuid),
        "organisation": str(made.organisation.uuid),
        "on": "2026-03-10",
        "case": "expired",
        "currency": "SGD",
        "terms": {
            "version": version,
            "termination_method": "by_credit_note",
            "allow_refund": True,
            "refund_method": "remaining_months",
            "full_refund_days": None,
            "reactivation_days": 28,
            "fee": "21.40",
        },
        "why": "the subscription has expired",
        "owed": [{"invoice": first, "amount": "11.20"}, {"invoice": second, "amount": "50.00"}],
    }
    assert not list(verification.faults(at=timezone.now()))


def test_history_audit_and_message_are_those_of_an_agent_who_ends_it(agent, now, configure):
    configure(notification_address="provider@example.com")
    one, other = (factories.subscription(cycles=(C("2026-01-01"),), numbers=(f"+653100000{n}",)) for n in range(2))
    operations.terminate(
        subscription_uuid=one.uuid,
        request=requested.ExpiredRequest("Long gone."),
        choice=quotes.Automatic(),
        acknowledged=[],
        seen=seen_of(preview(one, at=now)),
        by=agent,
        at=now,
    )
    expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=now)

    def told(made: Subscription) -> list[object]:
        termination = Termination.objects.get(subscription=made)
        message = Delivery.objects.get(cause_id=termination.uuid)
        entry = AuditEntry.objects.get(event="Subscription terminated", organisation_uuid=made.organisation.uuid)
        words = [message.subject, message.body, entry.app, entry.description, entry.organisation_name]
        why = "Expired on 31 January 2026, more than 28 days ago. Nothing was refunded."
        if termination.actor_kind == "agent":
            why = "Nothing was refunded: the subscription has expired."
        assert entry.data["told"] == why
        names = [(why, "WHY"), (str(made.uuid), "UUID"), (str(made.organisation.uuid), "OWNER")]
        names += [(made.organisation.name, "NAME"), (made.plan.name, "PLAN")]
        for name, word in names:
            words = [text.replace(name, word) for text in words]
        # The clean-up has the UUID and the plan for all of them, an agent's sentence the whole identity line.
        words = [re.sub(r"\(PLAN · [^)]*\)", "(PLAN)", text) for text in words]
        return [
            *(words, message.status, message.addressee, message.created_at, entry.at),
            *(termination.nothing_reason, termination.settlement, termination.choice, termination.case),
            *(termination.terminated_on, termination.terminated_at, termination.config_version_id),
            *made.numbers.values_list("status", "reserved_through"),
            # What machines read has one shape.
            *(sorted(entry.data), entry.data["expired_on"]),
        ]

    assert told(one) == told(other)
    assert AuditEntry.objects.filter(event="Subscription terminated", actor="system").count() == 1
