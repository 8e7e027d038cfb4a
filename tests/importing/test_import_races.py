"""An import that brings a further cycle, and an agent who ends the subscription meanwhile."""

import threading
from datetime import date
from typing import Any

import pytest
from django.db import connection, transaction

from invoicing.models import NumberSeries
from invoicing.operations.numbers import draw_number
from portal.frame import Actor
from portal.importing import loading, run
from portal.importing import refusals as import_refusals
from subscriptions.models import Cycle, Subscription, Termination
from subscriptions.termination import operations, refusals
from subscriptions.termination.quote import quotes
from subscriptions.termination.writer import terminations
from tests.support.directory import NOW, S1, Directory
from tests.support.terminations import preview, request, seen_of, to_confirm

pytestmark = pytest.mark.django_db(transaction=True)


class Meanwhile(threading.Thread):
    """Do something in a connection of its own; `answer` is what came of it, or the refusal."""

    def __init__(self, call) -> None:
        super().__init__()
        self._call = call
        self.answer: Any = None

    def run(self) -> None:
        try:
            self.answer = self._call()
        except (refusals.QuoteChanged, refusals.NotTerminable, import_refusals.DirectoryFaulty) as refusal:
            self.answer = refusal
        finally:
            connection.close()


class Pause:
    """Hold a call up from `reached` until `go`."""

    def __init__(self, monkeypatch, module, name: str) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        called = getattr(module, name)

        def paused(*args, **kwargs):
            self.reached.set()
            assert self.go.wait(30)
            return called(*args, **kwargs)

        monkeypatch.setattr(module, name, paused)


@pytest.fixture
def known(directory: Directory) -> Subscription:
    """A subscription that came with an earlier import, and a directory with one more cycle for it."""
    run.import_directory(directory.write(), at=NOW)
    made = Subscription.objects.get(uuid=S1)
    directory.add(
        "cycles", f"{S1},{made.expires_on.fromordinal(made.expires_on.toordinal() + 1)},1,50,4.5,0,NEXT-1,,,"
    )
    directory.write()
    return made


@pytest.fixture
def ending(known, make_user):
    """An agent who has seen the preview and ends the subscription."""
    by, seen = Actor.of(make_user("agent", "maria")), seen_of(preview(known, at=NOW))
    asked = request(requested_on=date(2026, 3, 9))
    needed = to_confirm(preview(known, at=NOW), choice=quotes.Automatic())

    def end():
        return operations.terminate(
            subscription_uuid=known.uuid,
            request=asked,
            choice=quotes.Automatic(),
            acknowledged=needed,
            seen=seen,
            by=by,
            at=NOW,
        )

    return end


def test_an_agent_waits_for_the_import_and_sees_its_cycle(known, ending, directory, monkeypatch):
    pause = Pause(monkeypatch, loading, "load")
    importing = Meanwhile(lambda: run.import_directory(directory.path, at=NOW))
    importing.start()
    assert pause.reached.wait(30)
    agent = Meanwhile(ending)
    agent.start()
    agent.join(0.7)
    assert agent.is_alive()
    pause.go.set()
    importing.join(30)
    agent.join(30)
    assert isinstance(agent.answer, refusals.QuoteChanged), agent.answer
    assert not Termination.objects.filter(subscription=known).exists()
    assert Cycle.objects.filter(subscription=known).count() == len(agent.answer.fresh.refund.lines)


def test_an_import_waits_for_the_agent_and_adds_no_cycle(known, ending, directory, monkeypatch):
    before = Cycle.objects.filter(subscription=known).count()
    pause = Pause(monkeypatch, terminations, "record_terminations")
    agent = Meanwhile(ending)
    agent.start()
    assert pause.reached.wait(30)
    importing = Meanwhile(lambda: run.import_directory(directory.path, at=NOW))
    importing.start()
    importing.join(0.7)
    assert importing.is_alive()
    pause.go.set()
    agent.join(30)
    importing.join(30)
    assert isinstance(agent.answer, operations.Outcome), agent.answer
    assert isinstance(importing.answer, import_refusals.DirectoryFaulty), importing.answer
    assert "never changes again" in str(importing.answer.first[0])
    assert Cycle.objects.filter(subscription=known).count() == before


@pytest.mark.parametrize(("last", "waits"), [(0, True), (7, False)])
def test_an_agent_waits_for_the_import_only_for_the_first_number_of_a_series(
    known, directory, monkeypatch, last, waits
):
    NumberSeries.objects.filter(document="credit_note").update(last_number=last)
    pause = Pause(monkeypatch, loading, "load")
    importing = Meanwhile(lambda: run.import_directory(directory.path, at=NOW))
    importing.start()
    assert pause.reached.wait(30)

    def draw():
        with transaction.atomic():
            return draw_number(NumberSeries.Document.CREDIT_NOTE)[1]

    agent = Meanwhile(draw)
    agent.start()
    agent.join(0.7 if waits else 30)
    assert agent.is_alive() is waits
    pause.go.set()
    importing.join(30)
    agent.join(30)
    assert agent.answer == last + 1
    assert isinstance(importing.answer, list), importing.answer


def test_two_imports_of_a_directory_come_one_after_the_other(known, directory):
    both = [Meanwhile(lambda: run.import_directory(directory.path, at=NOW)) for _ in range(2)]
    for importing in both:
        importing.start()
    for importing in both:
        importing.join(30)
    new = sorted(sum(count.new for count in importing.answer) for importing in both)
    assert new == [0, 1]
