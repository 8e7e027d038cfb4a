"""A form writes once, however often and by whomever it is sent; with other content it is refused."""

import datetime as dt
from functools import partial

import pytest

from portal import frame
from portal.audit.models import AuditEntry
from portal.frame.models import IdempotencyKey
from tests.invoicing.filled_in import FORMS, SOMEBODY_ELSE, filled_in
from tests.support.races import at_once


def told() -> int:
    return AuditEntry.objects.count()


@pytest.mark.django_db
@pytest.mark.parametrize("make", FORMS)
def test_it_is_answered_as_the_first_time_and_refused_with_another_content(make, now):
    form = filled_in(make, now)
    first, before = form.send(), told()
    assert form.send(at=now + dt.timedelta(days=1)) == first
    for other in form.others:
        with pytest.raises(frame.KeyReused):
            form.send(**other)
    assert told() == before


@pytest.mark.django_db
@pytest.mark.parametrize("make", FORMS)
def test_it_writes_once_without_its_key_and_for_somebody_else(make, now):
    form = filled_in(make, now)
    form.send()
    before = told()
    with pytest.raises(form.later):
        form.send(SOMEBODY_ELSE)
    IdempotencyKey.objects.all().delete()
    with pytest.raises(form.later):
        form.send()
    assert told() == before
    assert not IdempotencyKey.objects.exists(), "what is refused keeps no key"


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_writes(now):
    for make in FORMS:
        for second, is_one_answer in (
            (lambda form: form.send(), True),
            (lambda form: form.send(**form.others[-1]), False),
            (lambda form: form.send(SOMEBODY_ELSE), False),
        ):
            form = filled_in(make, now)
            before = told()
            answers = at_once(form.send, partial(second, form))
            assert told() == before + 1, (make, answers)
            if is_one_answer:
                assert answers[0] == answers[1], (make, answers)
            else:
                assert sum(isinstance(one, (frame.KeyReused, form.later)) for one in answers) == 1, (make, answers)
