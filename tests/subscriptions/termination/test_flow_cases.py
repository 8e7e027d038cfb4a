"""The cases of a termination without JavaScript: sums, notes, settings, and what has expired."""

import datetime as dt
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from customers.models import LedgerEntry
from subscriptions.models import Termination
from subscriptions.selectors import naming
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import NOW, address, step, to_choice, to_refund
from tests.support.terminations import fresh

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_days_closed_between_asking_and_today(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-02-20", months=2),))
    shown = to_refund(client, made, requested_on="2026-03-01")
    assert "The customer asked on 1 March 2026, within 14 days" in pages.words(shown)
    assert "The customer asked on" not in pages.words(to_refund(client, made, requested_on="2026-03-10"))


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
    assert "Held: renewal not seen Auto-renewal is on, and after the last cycle no renewal was seen here" in said
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
    assert stored
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
