"""The main job without JavaScript: every step as a browser would send it, from the form that was served."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from customers.models import LedgerEntry
from portal.lib import seals
from settings_app.models import TerminationReason
from subscriptions.models import Termination
from subscriptions.selectors import naming
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.terminations import fresh

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
REASON = {
    "reason": "too_expensive",
    "explanation": "Found something cheaper.",
    "requested_by": "Ms Tan",
    "requested_on": "2026-03-09",
    "channel": "phone",
}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def address(subscription, name="terminate"):
    return reverse(f"subscriptions:{name}", args=[subscription.uuid])


def step(client, form, **changes):
    """Send a form as it stands, with some fields filled in."""
    return client.post(form.action, form.data(**changes))


def to_refund(client, subscription, **changes):
    """Steps 1 and 2: the popup's form."""
    reason = client.get(address(subscription))
    assert reason.status_code == 200
    shown = step(client, pages.form(reason, action="/refund/"), **{**REASON, **changes})
    assert shown.status_code == 200, pages.words(shown)
    return shown


def to_choice(client, subscription, **changes):
    """Steps 1 to 3: the choice."""
    shown = step(client, pages.form(to_refund(client, subscription, **changes), action="/choice/"))
    assert shown.status_code == 200, pages.words(shown)
    return shown


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
    assert (record.requested_by, record.channel, record.reason.code) == ("Ms Tan", "phone", "too_expensive")
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
        ({"reason": ""}, "Choose a reason."),
        ({"explanation": "   "}, "Explain the termination in 1 to 2,000 characters."),
        ({"explanation": "x" * 2001}, "at most 2000"),
        ({"requested_on": "2026-03-11"}, "cannot be in the future"),
        ({"requested_on": "gestern"}, "2026-03-07"),
        ({"channel": "pigeon"}, "pigeon"),
        ({"requested_by": ""}, "Say who asked"),
        ({"reason": "quality_of_service"}, "needs a ticket reference"),
    ):
        answer = step(client, form, **{**REASON, **changes})
        assert answer.status_code == 422
        assert said in pages.words(answer), said


def test_a_double_click_on_apply_gives_the_first_answer(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    first = step(client, form, choice="automatic")
    second = step(client, form, choice="automatic")
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert LedgerEntry.objects.count() == 1


def test_a_lost_answer_is_given_again_after_the_seal_has_expired(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    first = step(client, form, choice="automatic")
    with time_machine.travel(NOW + dt.timedelta(hours=2), tick=False):
        assert step(client, form, choice="automatic")["Location"] == first["Location"]


def test_two_agents_the_second_is_told_who_and_when(client_of):
    one, two = client_of("agent"), client_of("agent")
    made = factories.subscription()
    form_one = pages.form(to_choice(one, made), action="/apply/")
    form_two = pages.form(to_choice(two, made), action="/apply/")
    assert step(one, form_one, choice="automatic").status_code == 302
    late = step(two, form_two, choice="automatic")
    assert late.status_code == 409
    told = f"already terminated by {one.user.username} on 10 March 2026 at 17:00 (Asia/Singapore)"
    assert told in pages.words(late)
    assert LedgerEntry.objects.count() == 1


def test_another_users_seal_is_not_taken(client_of):
    one, two = client_of("agent"), client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(one, made), action="/apply/")
    theirs = pages.form(to_choice(two, made), action="/apply/")
    answer = step(two, theirs, choice="automatic", seal=form.fields["seal"])
    assert answer.status_code == 409
    assert "made for somebody else" in pages.words(answer)
    # The same after it was applied: who and when.
    assert step(one, form, choice="automatic").status_code == 302
    again = step(two, theirs, choice="automatic", seal=form.fields["seal"])
    assert again.status_code == 409
    assert "already terminated by" in pages.words(again)
    assert Termination.objects.count() == 1


@pytest.mark.parametrize("seal", ["", "forged", "a:b:c", "x" * 50_000, "\x00"])
def test_a_forged_seal_writes_nothing_and_shows_a_new_preview(client_of, seal):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    answer = step(client, form, choice="automatic", seal=seal)
    assert answer.status_code == 422
    assert "Total refund" in pages.words(answer)
    assert not Termination.objects.exists()


def test_the_seal_of_another_subscription_is_not_taken(client_of):
    client = client_of("agent")
    made, other = factories.subscription(), factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    seal = pages.form(to_choice(client, other), action="/apply/").fields["seal"]
    assert step(client, form, choice="automatic", seal=seal).status_code == 422
    assert not Termination.objects.exists()


def test_a_preview_older_than_thirty_minutes_is_made_anew(client_of):
    client = client_of("agent")
    made = factories.subscription()
    form = pages.form(to_choice(client, made), action="/apply/")
    with time_machine.travel(NOW + dt.timedelta(minutes=31), tick=False):
        late = step(client, form, choice="automatic")
        assert late.status_code == 409
        assert "older than 30 minutes" in pages.words(late)
        choice = step(client, pages.form(late, action="/choice/"))
        assert step(client, pages.form(choice, action="/apply/"), choice="automatic").status_code == 302


def test_a_stale_preview_marks_the_difference(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="50"),))
    form = pages.form(to_choice(client, made), action="/apply/")
    factories.pay(factories.charge_of(made), "50")
    stale = step(client, form, choice="automatic")
    assert stale.status_code == 409
    said = pages.words(stale)
    assert "Nothing was written" in said
    assert "refund is now SGD 100.00; it was SGD 50.00" in said
    assert "changed" in said
    assert not Termination.objects.exists()
    choice = step(client, pages.form(stale, action="/choice/"))
    assert step(client, pages.form(choice, action="/apply/"), choice="automatic").status_code == 302
    assert Termination.objects.get().credited == 100


def test_midnight_between_preview_and_commit(client_of):
    client = client_of("agent")
    made = factories.subscription()
    late = dt.datetime(2026, 3, 10, 15, 50, tzinfo=dt.UTC)  # 23:50 in Singapore
    with time_machine.travel(late, tick=False):
        form = pages.form(to_choice(client, made), action="/apply/")
    with time_machine.travel(late + dt.timedelta(minutes=15), tick=False):
        answer = step(client, form, choice="automatic")
    assert answer.status_code == 409
    assert "The termination date is now 11 March 2026; it was 10 March 2026" in pages.words(answer)


def test_the_days_closed_between_asking_and_today(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-02-20", months=2),))
    shown = to_refund(client, made, requested_on="2026-03-01")
    assert "The customer asked on 1 March 2026, within 14 days" in pages.words(shown)
    assert "The customer asked on" not in pages.words(to_refund(client, made, requested_on="2026-03-10"))


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
    assert "Reason – Select a valid choice" in pages.words(back)
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


@pytest.mark.parametrize("limit", ["MOST_BYTES", "MOST_CHARACTERS"])
def test_a_preview_that_is_too_large_is_a_sentence(client_of, monkeypatch, limit):
    client = client_of("agent")
    made = factories.subscription()
    gone = factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 9))
    form = pages.form(client.get(address(made)), action="/refund/")
    monkeypatch.setattr(seals, limit, 100)
    for headers in ({}, {"HX-Request": "true"}):
        for answer in (
            client.post(form.action, form.data(**REASON), headers=headers),
            client.get(address(gone, "terminate_expired"), headers=headers),
        ):
            assert answer.status_code == 422
            assert "more cycles and charges than one preview can carry" in pages.words(answer)
    assert not Termination.objects.exists()


def test_the_double_refund_guard(client_of):
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="30", line=factories.charge_of(made), number="CN-0000012")
    popup = to_refund(client, made)
    assert "Credit note CN-0000012" in pages.words(popup)
    choice = step(client, pages.form(popup, action="/choice/"))
    form = pages.form(choice, action="/apply/")
    # It gives back less than all: nothing is picked before somebody says so.
    assert (form.fields["choice"], form.fields["note"]) == ([], [])
    refused = step(client, form, choice="automatic")
    assert refused.status_code == 422
    assert "CN-0000012 (SGD 30.00) names this subscription" in pages.words(refused)
    done = step(client, pages.form(refused, action="/apply/"), choice="automatic", acknowledge="double:CN-0000012")
    assert done.status_code == 302
    assert Termination.objects.get().credited == 20


def test_the_one_note_that_fits_is_picked_already(client_of):
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="50", line=factories.charge_of(made), number="CN-0000012")
    factories.credit_note(made.organisation, net="50", number="CN-0000013")
    form = pages.form(to_choice(client, made), action="/apply/")
    assert (form.fields["choice"], form.fields["note"]) == (["credit_note"], ["CN-0000012"])
    done = step(client, form)
    assert "Credit note CN-0000012 is the refund." in pages.words(client.get(done["Location"]))


def test_a_note_that_differs_is_acknowledged(client_of):
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="30", number="CN-1")
    form = pages.form(to_choice(client, made), action="/apply/")
    refused = step(client, form, choice="credit_note", note="CN-1")
    assert refused.status_code == 422
    assert "SGD 20.00 less than what was not used and not given back yet (SGD 50.00)" in pages.words(refused)
    done = step(client, form, choice="credit_note", note="CN-1", acknowledge="difference:CN-1")
    assert done.status_code == 302


def test_a_total_of_zero_says_why(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-02-20"),))
    popup = to_refund(client, made)
    assert "The last month has begun: nothing comes back" in pages.words(popup)
    choice = step(client, pages.form(popup, action="/choice/"))
    assert "Nothing will be refunded: the last month has begun." in pages.words(choice)
    done = step(client, pages.form(choice, action="/apply/"), choice="automatic")
    assert "Nothing was refunded: the last month has begun." in pages.words(client.get(done["Location"]))


def test_a_partly_paid_cycle_shows_what_is_waived_and_owed(client_of):
    client = client_of("agent")
    made = factories.subscription(
        cycles=(C("2025-09-20", months=12, net="249.00", tax="22.41", paid="124.50"),), started_on="2025-09-20"
    )
    number = factories.charge_of(made).invoice.number
    popup = to_refund(client, made)
    assert f"Cancelled on open invoices SGD 135.71 on {number}" in pages.words(popup)
    assert f"still owed on {number}: SGD 11.20" in pages.words(popup)
    assert f"Still owed SGD 11.20 on {number}" in pages.words(popup)
    assert "6 of 12 months not begun: SGD 135.71, less SGD 135.71 waived;" in pages.words(popup)
    choice = step(client, pages.form(popup, action="/choice/"))
    done = step(client, pages.form(choice, action="/apply/"), choice="automatic")
    said = pages.words(client.get(done["Location"]))
    assert f"SGD 135.71 was waived on {number}. SGD 11.20 stays owed on {number}." in said
    assert f"Cancelled on open invoices SGD 135.71 on {number} Stays owed SGD 11.20 on {number}" in said
    assert Termination.objects.get().waived == Decimal("135.71")


def test_what_was_given_back_already_is_told_with_the_sum_it_is_taken_off(client_of):
    client = client_of("agent")
    made = factories.subscription(
        cycles=(C("2026-01-01"), C("2026-02-01"), C("2026-03-01", net="80")), started_on="2026-01-01"
    )
    for first_day in ("2026-01-01", "2026-02-01"):
        factories.credit_note(made.organisation, net="20", line=factories.charge_of(made, first_day))
    factories.credit_note(made.organisation, net="80", line=factories.charge_of(made, "2026-03-01"), number="CN-1")
    said = pages.words(to_refund(client, made))
    assert "Over: nothing comes back; SGD 40.00 was given back before" in said
    assert "Within 14 days of activation: SGD 80.00 in full, less SGD 80.00 already given back" in said
    assert "comes back in full" not in said
    assert "names this subscription; the SGD 80.00 that it gave back is taken off the refund" in said


@pytest.mark.parametrize(
    ("product", "plan", "title"),
    [
        ("SIP Trunk", "SIP Trunk, 10 channels", "SIP Trunk, 10 channels"),
        ("SIP Trunk", "sip trunk", "sip trunk"),
        ("SIP Trunk", "10 channels", "SIP Trunk, 10 channels"),
        ("SIP Trunk", "SIP Trunking", "SIP Trunk, SIP Trunking"),
    ],
)
def test_a_plan_does_not_name_its_product_twice(client_of, product, plan, title):
    client = client_of("agent")
    made = factories.subscription()
    type(made.plan).objects.filter(pk=made.plan_id).update(name=plan)
    type(made.plan.product).objects.filter(pk=made.plan.product_id).update(name=product)
    listed = pages.words(client.get(reverse("subscriptions:tab", args=[made.organisation.uuid])))
    assert f"Trial {title} – {made.uuid}" in listed
    assert f"Subscription Details {title} · since" in pages.words(client.get(address(made, "detail")))
    line = naming.identity_of(fresh(made)).line
    assert line.startswith(f"{title} · ")
    assert f"{line} · {made.organisation.name}" in pages.words(to_refund(client, made))
    done = step(client, pages.form(to_choice(client, made), action="/apply/"), choice="automatic")
    assert f"Subscriptions {title} Termination" in pages.words(client.get(done["Location"]))


def test_the_sidebar_stands_in_the_order_of_the_handbook(client_of):
    client = client_of("agent")
    made = factories.subscription(numbers=("+6530000001",), billing_plan="as_incurred", auto_renew=True)
    for name in ("Zoë", "Ärne", "Bert"):
        made.assignments.create(
            member=factories.MemberFactory(organisation=made.organisation, name=name),
            assigned_on=made.started_on,
        )
    made.add_ons.create(name="Voicemail", price_per_month=5)
    said = pages.words(client.get(address(made, "detail"), headers={"HX-Request": "true"}))
    order = (
        *("Owner organisation", "Assignees", "Ärne", "Bert", "Zoë", "Contract", "Plan", "Add-ons", "Voicemail"),
        *("Numbers", "+6530000001", "Billing model", "Unsubscribe", "History", "Terminate"),
    )
    # Behind the identity line, which names number and contract already.
    places = [said.index(word, said.index("UUID")) for word in order]
    assert places == sorted(places)


def test_allow_refund_off(client_of, configure):
    configure(allow_refund=False)
    client = client_of("agent")
    made = factories.subscription()
    choice = to_choice(client, made)
    assert "Nothing will be refunded: Allow Refund is off in Portal Config." in pages.words(choice)
    done = step(client, pages.form(choice, action="/apply/"), choice="automatic")
    assert "Nothing was refunded: Allow Refund is off" in pages.words(client.get(done["Location"]))
    assert not LedgerEntry.objects.exists()


def test_simplified_termination(client_of, configure):
    configure(termination_method="simplified")
    client = client_of("agent")
    made = factories.subscription()
    done = step(client, pages.form(to_refund(client, made), action="/apply/"))
    assert "SGD 50.00 added to Available Credits." in pages.words(client.get(done["Location"]))
    assert Termination.objects.get().choice == "simplified"


def test_a_candidate_opens_the_choice_in_simplified_termination(client_of, configure):
    configure(termination_method="simplified")
    client = client_of("agent")
    made = factories.subscription()
    factories.credit_note(made.organisation, net="30", line=factories.charge_of(made), number="CN-1")
    form = pages.form(to_choice(client, made), action="/apply/")
    refused = step(client, form, choice="automatic")
    assert refused.status_code == 422
    assert "CN-1" in pages.words(refused)
    done = step(client, pages.form(refused, action="/apply/"), acknowledge="double:CN-1", choice="automatic")
    assert "SGD 20.00 added to Available Credits." in pages.words(client.get(done["Location"]))
    assert Termination.objects.get().choice == "automatic"


@pytest.mark.parametrize("days_ago", [10, 28])
def test_expired_within_its_28_days_is_refused(client_of, days_ago):
    client = client_of("agent")
    ended = dt.date(2026, 3, 10) - dt.timedelta(days=days_ago)
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=ended)
    answer = client.get(address(made))
    assert answer.status_code == 409
    first = ended + dt.timedelta(days=29)
    assert f"can be terminated from {first.day} {first:%B} 2026." in pages.words(answer)


def test_the_form_of_what_the_clean_up_holds_back_says_so(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2025-11-01"),), auto_renew=True)
    said = pages.words(client.get(f"/subscriptions/{made.uuid}/terminate-expired/"))
    assert "Held: renewal not seen Auto-renewal is on, and no renewal was seen here" in said
    assert "what is terminated cannot come back" in said
    trial = factories.subscription(cycles=(C("2025-11-01"),), auto_renew=True, is_trial=True)
    assert "Held" not in pages.words(client.get(f"/subscriptions/{trial.uuid}/terminate-expired/"))


def test_the_form_of_what_expired_says_what_is_stored_with_it(client_of, now):
    """What stays owed, by invoice; a payment that comes in meanwhile is shown first."""
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2025-11-01", paid="38.80"),), expires_on=dt.date(2026, 2, 9))
    line = factories.charge_of(made)
    shown = client.get(address(made, "terminate_expired"))
    assert f"SGD 11.20 stays owed on {line.invoice.number}." in pages.words(shown)
    form = pages.form(shown, action="/terminate-expired/")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE invoicing_chargeline SET paid = paid + 1.20 WHERE id = %s", [line.pk])
    again = step(client, form, explanation="Gone for a month.")
    assert again.status_code == 409
    said = pages.words(again)
    assert f"Still owed on {line.invoice.number} is now SGD 10.00; it was SGD 11.20." in said
    done = step(client, pages.form(again, action="/terminate-expired/"), explanation="Gone for a month.")
    record = pages.words(client.get(done["Location"]))
    assert f"SGD 10.00 stays owed on {line.invoice.number}." in record
    assert "As shown before" not in record
    assert "refund method: Remaining months, full refund within 14 days" in record
    stored = Termination.objects.get().quote
    assert stored["owed"] == [{"invoice": line.invoice.number, "amount": "10.00"}]
    assert "lines" not in stored


def test_expired_for_29_days_asks_for_the_explanation_alone(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 9))
    asked = client.get(address(made), follow=True)
    assert asked.redirect_chain == [(address(made, "terminate_expired"), 302)]
    form = pages.form(asked, action="/terminate-expired/")
    assert step(client, form).status_code == 422
    done = step(client, form, explanation="Gone for a month.")
    assert "Nothing was refunded: the subscription has expired." in pages.words(client.get(done["Location"]))
    assert step(client, form, explanation="Gone for a month.")["Location"] == done["Location"]
    assert Termination.objects.get().case == "expired"


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


def test_unsubscribe_and_resubscribe(client_of):
    client = client_of("agent")
    made = factories.subscription(auto_renew=True)
    detail = client.get(address(made, "detail"))
    client.post(address(made, "renewal"), pages.form(detail, action="/renewal/").data())
    assert fresh(made).auto_renew is False
    detail = client.get(address(made, "detail"))
    assert "Unsubscribed" in pages.words(detail)
    client.post(address(made, "renewal"), pages.form(detail, action="/renewal/").data())
    assert fresh(made).auto_renew is True
    assert not LedgerEntry.objects.exists()


def test_query_counts(client_of, django_assert_num_queries):
    client = client_of("agent")
    made = factories.subscription()
    client.get(address(made, "detail"))
    htmx = {"HX-Request": "true"}
    with django_assert_num_queries(10):
        client.get(address(made, "detail"), headers=htmx)
    form = pages.form(to_choice(client, made), action="/apply/")
    with django_assert_num_queries(24):
        client.post(form.action, form.data(choice="automatic"), headers=htmx)


@pytest.mark.parametrize(("more", "count"), [({}, 28), ({"use_now": "1"}, 35)])
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


def test_the_sidebar_and_its_own_page_each_refresh_themselves(client_of):
    client = client_of("agent")
    made = factories.subscription(auto_renew=True)
    page = client.get(address(made, "detail")).content.decode()
    assert 'hx-target="#details"' in page
    assert 'hx-target="#sidebar"' not in page
    sidebar = client.get(address(made, "detail"), headers={"HX-Request": "true", "HX-Target": "sidebar"})
    assert 'hx-target="#sidebar"' in sidebar.content.decode()
    again = client.get(address(made, "detail"), headers={"HX-Request": "true", "HX-Target": "details"})
    assert 'hx-target="#details"' in again.content.decode()
