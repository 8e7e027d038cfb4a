"""The main job without JavaScript: every step as a browser would send it, from the form that was served."""

import datetime as dt
import re

import pytest
import time_machine
from django.urls import reverse

from customers.models import LedgerEntry
from portal.lib import seals
from settings_app.models import TerminationReason
from subscriptions.models import Termination
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import NOW, REASON, address, step, to_choice, to_refund
from tests.support.terminations import fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_main_job(client_of):
    client = client_of("agent")
    made = factories.subscription(numbers=("+6530000001",))
    listed = client.get(reverse("subscriptions:tab", args=[made.organisation.uuid]))
    assert address(made, "detail") in listed.content.decode()
    detail = client.get(address(made, "detail"))
    assert "Subscription Details" in pages.words(detail)
    assert address(made) in detail.content.decode()

    popup = to_refund(client, made)
    assert popup["Cache-Control"].count("no-store")
    assert "Total refund" in pages.words(popup)
    assert "SGD 50.00" in pages.words(popup)
    assert "Within 14 days of activation" in pages.words(popup)
    choice = step(client, pages.form(popup, action="/choice/"))
    assert "How is the refund made?" in pages.words(choice)
    done = step(client, pages.form(choice, action="/apply/"), choice="automatic")

    record = Termination.objects.get()
    assert done.status_code == 302
    assert done["Location"] == reverse("subscriptions:termination", args=[record.uuid])
    shown = pages.words(client.get(done["Location"]))
    assert f"Subscription {made.uuid} terminated. SGD 50.00 added to Available Credits." in shown
    assert (record.requested_by, record.channel, record.reason and record.reason.code) == (
        "Ms Tan",
        "phone",
        "too_expensive",
    )
    assert record.quote
    assert record.quote["total"] == "50.00"


def test_nothing_is_written_before_apply(client_of):
    client = client_of("agent")
    made = factories.subscription()
    to_choice(client, made)
    assert not Termination.objects.exists()
    assert not LedgerEntry.objects.exists()
    assert fresh(made).status == "active"


def test_the_reason_form_says_what_is_missing_beside_the_field(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(client.get(address(made)), action="/refund/")
    for changes, said in (
        ({"reason": ""}, "Nothing is chosen; expected one of the list."),
        ({"explanation": "   "}, "This is empty; expected a text of at most 2,000 characters."),
        ({"explanation": "x" * 2001}, "This has 2,001 characters; expected at most 2,000."),
        ({"requested_on": "2026-03-11"}, "This day is in the future; expected 10 March 2026 or an earlier day."),
        ({"requested_on": "gestern"}, "2026-03-07"),
        ({"channel": "pigeon"}, "What was chosen is not in the list"),
        ({"requested_by": ""}, "This is empty; expected a text of at most 200 characters."),
        ({"reason": "quality_of_service"}, "needs a ticket reference"),
    ):
        answer = step(client, form, **{**REASON, **changes})
        assert answer.status_code == 422
        assert said in pages.words(answer), said


def test_choosing_a_credit_note(client_of):
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", number="CN-0000012")
    choice = to_choice(client, made)
    done = step(client, pages.form(choice, action="/apply/"), choice="credit_note", note="CN-0000012")
    assert "Credit note CN-0000012 is the refund." in pages.words(client.get(done["Location"]))
    assert not LedgerEntry.objects.exists()


def test_a_choice_must_be_made(client_of):
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", number="CN-1")
    form = pages.form(to_choice(client, made), action="/apply/")
    assert form.fields["choice"] == []
    for changes, said in (
        ({}, "Choose how the refund is made."),
        ({"choice": "credit_note"}, "Choose the credit note that is the refund."),
        ({"choice": "credit_note", "note": "CN-9"}, "CN-9 cannot be chosen"),
    ):
        answer = step(client, form, **changes)
        assert answer.status_code == 422
        assert said in pages.words(answer)


def test_what_is_wrong_with_the_choice_takes_the_focus_and_stands_beside_its_box(client_of):
    client = client_of("agent")
    made = factories.subscription()
    # An imported note may have any number; an id may not.
    factories.credit_note(made.organisation, net="30", line=factories.charge_of(made), number="CN 12 b")
    factories.credit_note(made.organisation, net="25", number="CN-2")
    form = pages.form(to_choice(client, made), action="/apply/")
    for changes, group in (
        ({"choice": None, "note": None}, "choice"),
        ({"choice": "credit_note", "note": None}, "note"),
        ({"choice": "credit_note", "note": "CN-9"}, "note"),
    ):
        for headers in ({}, {"HX-Request": "true"}):
            page = client.post(form.action, form.data(**changes), headers=headers)
            html = page.content.decode()
            assert page.status_code == 422
            assert html.count("autofocus") == 1
            assert '<div class="error-summary" role="alert" tabindex="-1" autofocus data-error-summary>' in html
            assert f'<a href="#div_{group}">' in html
            assert (
                f'id="div_{group}" role="radiogroup" aria-invalid="true" aria-describedby="{group}_error"' in html
            )
            assert f'id="{group}_error"' in html
            assert html.count("aria-invalid") == 1
    for changes, box in (
        ({"choice": "automatic"}, "acknowledge-1"),
        ({"choice": "credit_note", "note": "CN 12 b"}, "difference-1-1"),
        ({"choice": "credit_note", "note": "CN-2"}, "difference-2-1"),
    ):
        html = step(client, form, **changes).content.decode()
        assert f'<a href="#div_{box}">Please confirm: I know that' in html
        assert f'id="div_{box}"' in html
        assert re.search(f'id="{box}"[^>]* aria-invalid="true" aria-describedby="{box}_error"', html)
        assert f'id="{box}_error"' in html
        assert html.count("aria-invalid") == 1
    assert "autofocus" not in to_choice(client, made).content.decode()


def test_a_difference_takes_the_focus(client_of, configure):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    configure(allow_refund=False)
    html = step(client, form, choice="automatic").content.decode()
    assert 'role="alert" tabindex="-1" autofocus data-error-summary' in html


def test_going_back_keeps_what_was_typed(client_of):
    client = client_of("agent")
    made = factories.subscription()
    typed = {**REASON, "explanation": "Two\nlines & <more>", "ticket": "T-1"}
    choice = to_choice(client, made, **typed)
    assert f'formaction="{address(made, "refund")}"' in choice.content.decode()
    form = pages.form(choice, action="/apply/")
    assert form.buttons == ["Apply", "Back"]
    # What Enter in a field presses is the first button of a form.
    popup = client.post(address(made, "refund"), form.data())
    assert "Total refund" in pages.words(popup)
    assert f'formaction="{address(made)}"' in popup.content.decode()
    form = pages.form(popup, action="/choice/")
    assert form.buttons == ["Terminate", "Back"]
    reason = client.post(address(made), form.data())
    assert reason.status_code == 200
    assert "Please correct" not in pages.words(reason)
    form = pages.form(reason, action="/refund/")
    assert {name: form.fields[name] for name in typed} == {name: [value] for name, value in typed.items()}
    again = step(client, pages.form(step(client, form), action="/choice/"))
    done = step(client, pages.form(again, action="/apply/"), choice="automatic")
    assert done.status_code == 302
    assert Termination.objects.get().explanation == typed["explanation"]


def test_going_back_says_what_is_no_longer_right(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_refund(client, made), action="/choice/")
    TerminationReason.objects.filter(code=REASON["reason"]).update(is_active=False)
    back = client.post(address(made), form.data())
    assert back.status_code == 422
    assert "Reason – What was chosen is not in the list" in pages.words(back)
    assert "Found something cheaper." in pages.words(back)


def test_what_was_typed_stays_when_the_case_changes(client_of):
    client = client_of("agent")
    gone = factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 9))
    form = pages.form(client.get(address(gone, "terminate_expired")), action="/terminate-expired/")
    type(gone).objects.filter(pk=gone.pk).update(expires_on=dt.date(2026, 4, 1))
    answer = step(client, form, explanation="Gone for a month.")
    assert answer.status_code == 409
    assert "The subscription is active again." in pages.words(answer)
    assert pages.form(answer, action="/refund/").fields["explanation"] == ["Gone for a month."]
    # And the other way, at each step.
    made = factories.subscription()
    choice = pages.form(to_choice(client, made), action="/apply/").data()
    type(made).objects.filter(pk=made.pk).update(expires_on=dt.date(2026, 2, 1))
    for name in ("terminate", "refund", "choice", "apply"):
        answer = client.post(address(made, name), choice)
        assert answer.status_code == 409
        assert "The subscription has expired since." in pages.words(answer)
        form = pages.form(answer, action="/terminate-expired/")
        assert form.fields["explanation"] == ["Found something cheaper."]


def test_a_preview_that_is_too_large_is_a_sentence(client_of, monkeypatch):
    client = client_of("agent")
    made = factories.subscription()
    gone = factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 9))
    form = pages.form(client.get(address(made)), action="/refund/")
    monkeypatch.setattr(seals, "MOST_CHARACTERS", 100)
    for headers in ({}, {"HX-Request": "true"}):
        for answer in (
            client.post(form.action, form.data(**REASON), headers=headers),
            client.get(address(gone, "terminate_expired"), headers=headers),
        ):
            assert answer.status_code == 422
            assert "more cycles and charges than one preview can carry" in pages.words(answer)
    assert not Termination.objects.exists()


def test_get_on_the_later_steps_goes_back_to_the_reason(client_of):
    client = client_of("agent")
    made = factories.subscription()
    for name in ("refund", "choice", "apply"):
        answer = client.get(address(made, name))
        assert (answer.status_code, answer["Location"]) == (302, address(made))


def test_htmx_gets_the_fragment_and_the_event(client_of):
    client = client_of("agent")
    made = factories.subscription()
    htmx = {"HX-Request": "true"}
    reason = client.get(address(made), headers=htmx)
    assert "<html" not in reason.content.decode()
    assert "HX-Request" in reason["Vary"]
    popup = client.post(address(made, "refund"), REASON, headers=htmx)
    form = pages.form(popup, action="/choice/")
    choice = client.post(form.action, form.data(), headers=htmx)
    form = pages.form(choice, action="/apply/")
    done = client.post(form.action, form.data(choice="automatic"), headers=htmx)
    assert done.status_code == 200
    assert "subscription-terminated" in done["HX-Trigger"]
    assert f"Subscription {made.uuid} terminated." in pages.words(done)
    assert "SGD 50.00 added to Available Credits." in pages.words(done)


def test_who_may_not(client_of):
    made = factories.subscription()
    auditor = client_of("auditor")
    assert auditor.get(address(made, "detail")).status_code == 200
    assert auditor.get(address(made)).status_code == 403
    for name in ("refund", "choice", "apply"):
        assert auditor.post(address(made, name)).status_code == 403


def test_query_counts(client_of, django_assert_num_queries):
    client = client_of("agent")
    made = factories.subscription()
    client.get(address(made, "detail"))
    htmx = {"HX-Request": "true"}
    with django_assert_num_queries(10):
        client.get(address(made, "detail"), headers=htmx)
    form = pages.form(to_choice(client, made), action="/apply/")
    with django_assert_num_queries(23):
        client.post(form.action, form.data(choice="automatic"), headers=htmx)


@pytest.mark.parametrize(("more", "count"), [({}, 27), ({"use_now": "1"}, 34)])
def test_query_counts_with_a_chosen_note(client_of, django_assert_num_queries, more, count):
    client = client_of("billing")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="49", number="CN-1")
    form = pages.form(to_choice(client, made), action="/apply/")
    chosen = form.data(choice="credit_note", note="CN-1", acknowledge="difference:CN-1", **more)
    with django_assert_num_queries(count):
        client.post(form.action, chosen, headers={"HX-Request": "true"})


def test_a_correction_names_the_termination_and_changes_nothing_else(client_of):
    agent, billing = client_of("agent"), client_of("billing")
    made = factories.subscription()
    step(agent, pages.form(to_choice(agent, made), action="/apply/"), choice="automatic")
    record = Termination.objects.get()
    where = reverse("subscriptions:correction", args=[record.uuid])
    assert agent.get(where).status_code == 403
    form = pages.form(billing.get(where), action="/correction/")
    preview = step(billing, form, direction="take", amount="20", reason="Refunded too much.")
    form = pages.form(preview, action="/correction/")
    done = step(billing, form)
    assert (done.status_code, done["Location"]) == (303, reverse("subscriptions:termination", args=[record.uuid]))
    step(billing, form)
    entry = LedgerEntry.objects.get(kind="correction")
    assert (entry.amount, entry.cause_id) == (-20, record.uuid)
    assert "Refunded too much." in pages.words(billing.get(done["Location"]))
    record.refresh_from_db()
    assert record.credited == 50
