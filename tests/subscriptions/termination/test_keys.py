"""The key of a termination is the id of its preview: who sends the same one again gets the first answer."""

import datetime as dt
import importlib

import pytest
from django.db import connection

from portal import frame
from portal.frame.models import IdempotencyKey
from subscriptions.models import Termination
from subscriptions.termination import refusals
from subscriptions.termination.quote import quotes
from tests.support import factories
from tests.support.terminations import preview, request, seen_of, terminate

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_key_names_the_termination(agent, now):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    record = terminate(made, by=agent, at=now, seen=seen).termination
    key = IdempotencyKey.objects.get()
    assert (key.actor, key.key, key.operation) == (agent.identity, record.quote_id, "terminate")
    assert (key.outcome, key.at) == (record.uuid, now)


def test_whatever_is_sent_with_the_same_seal_the_first_answer_stays(agent, now):
    made = factories.subscription()
    factories.credit_note(made.organisation, net="30", number="CN-1")
    seen = seen_of(preview(made, at=now))
    first = terminate(made, by=agent, at=now, seen=seen).termination
    asked = request(explanation="Something else.")
    again = terminate(made, by=agent, at=now, seen=seen, choice=quotes.LinkNote("CN-1"), asked=asked)
    assert (again.is_repeat, again.termination.pk, again.termination.settlement) == (True, first.pk, "credited")
    assert again.termination.explanation == first.explanation


def test_the_key_of_one_subscription_ends_no_other(agent, now):
    made, other = factories.subscription(), factories.subscription()
    seen = seen_of(preview(made, at=now))
    terminate(made, by=agent, at=now, seen=seen)
    with pytest.raises(frame.KeyReused):
        terminate(other, by=agent, at=now, seen=seen)
    assert Termination.objects.count() == 1


def test_what_is_refused_leaves_no_key(agent, now):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    with pytest.raises(refusals.QuoteChanged):
        terminate(made, by=agent, at=now + dt.timedelta(days=1), seen=seen)
    assert not IdempotencyKey.objects.exists()
    assert not terminate(made, by=agent, at=now, seen=seen).is_repeat


@pytest.mark.parametrize("is_known", [False, True], ids=["no key", "a key of what was written with it"])
@pytest.mark.parametrize(("days_ago", "is_copied"), [(29, True), (31, False)])
def test_a_preview_applied_before_there_were_keys_gets_the_first_answer(agent, now, is_known, days_ago, is_copied):
    made = factories.subscription()
    seen = seen_of(preview(made, at=now))
    first = terminate(made, by=agent, at=now, seen=seen).termination
    IdempotencyKey.objects.all().delete()
    if is_known and is_copied:
        IdempotencyKey.objects.create(
            actor=agent.identity, key=seen.quote_id, operation="put_in", outcome=made.uuid, at=now
        )
    migration = importlib.import_module("subscriptions.migrations.0012_keys_of_terminations")
    today = (now + dt.timedelta(days=days_ago)).isoformat()
    with connection.cursor() as cursor:
        cursor.execute(migration.COPY.replace("now()", f"TIMESTAMPTZ '{today}'"))
    if is_copied:
        again = terminate(made, by=agent, at=now, seen=seen)
        assert (again.is_repeat, again.termination.pk) == (True, first.pk)
    else:
        with pytest.raises(refusals.AlreadyTerminated):
            terminate(made, by=agent, at=now, seen=seen)
    assert Termination.objects.count() == 1
