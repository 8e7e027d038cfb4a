"""Every customer of the demo who doesn't renew leaves: what was asked before is what was given."""

import io
import json
import sys
from collections import defaultdict
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone

from customers.models import LedgerEntry
from portal import verification
from portal.lib import days
from settings_app import selectors as settings_selectors
from subscriptions.selectors import reading
from subscriptions.termination import operations
from subscriptions.termination.quote import quotes
from tests.support.terminations import request

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.usefixtures("demo")
def test_the_sum_of_the_entries_is_the_sum_that_was_quoted(agent, monkeypatch):
    at = timezone.now()
    leaving = [
        found
        for found in reading.subscriptions().filter(auto_renew=False).exclude(status="terminated")
        if days.today_in(found.organisation.timezone, at=at) <= found.expires_on
    ]
    assert len(leaving) > 30
    quoted: dict[str, Decimal] = defaultdict(Decimal)
    out = io.StringIO()
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO("\n".join(str(s.uuid) for s in leaving).encode()))
    )
    call_command("quote_refund", "-", "--json", stdout=out)
    for line in out.getvalue().splitlines():
        answer = json.loads(line)
        quoted[answer["currency"]] += Decimal(answer["to_credits"])
    last = LedgerEntry.objects.latest("pk").pk

    for found in leaving:
        today = days.today_in(found.organisation.timezone, at=at)
        choice = quotes.Automatic()
        preview = operations.preview_termination(
            subscription_uuid=found.uuid,
            on=today,
            config=settings_selectors.current_config(),
            choice=choice,
            asked_on=today,
        )
        operations.terminate(
            subscription_uuid=found.uuid,
            request=request(requested_on=today),
            choice=choice,
            acknowledged=preview.to_confirm,
            seen=preview.seen,
            by=agent,
            at=at,
        )

    given: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in LedgerEntry.objects.filter(pk__gt=last).values_list("currency", "amount"):
        given[currency] += amount
    assert {c: a for c, a in quoted.items() if a} == given
    assert list(verification.faults(at=timezone.now())) == []
