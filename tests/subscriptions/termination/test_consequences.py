"""What a step says beside its button: what it does where it commits, else that nothing is written yet."""

import datetime as dt
import html
import re
from decimal import Decimal

import pytest
import time_machine

from subscriptions.models import PhoneNumber
from subscriptions.termination.quote.numbers import KeptNumber, Reservation
from subscriptions.termination.words import consequences
from tests.support import factories, pages
from tests.support.factories import C
from tests.support.steps import address, to_choice, to_refund
from tests.support.terminations import preview, terminate

NOW = dt.datetime(2026, 3, 10, 9, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 10)
NOTHING_YET = "Nothing is written yet."
ENDS = "The service stops now, and this can't be undone."
TWO = Reservation(days=28, days_ported_in=56)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def document(*charges, to_credits="0.00", allow_refund=True):
    """A quote with charges of (invoice, refund, waived)."""
    return {
        "case": "customer_request",
        "currency": "SGD",
        "total": to_credits,
        "terms": {"allow_refund": allow_refund},
        "lines": [
            {"charges": [{"line_id": place, "invoice": name, "refund": back, "waived": waived, "owed": "0.00"}]}
            for place, (name, back, waived) in enumerate(charges)
        ],
    }


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([], ()),
        (["+651"], ("+651 stays reserved through 7 April 2026.",)),
        (["+651", "+652"], ("+651 and +652 stay reserved through 7 April 2026.",)),
        (["+651", "+652", "+653"], ("+651, +652 and 1 more stay reserved through 7 April 2026.",)),
    ],
)
def test_numbers_are_kept_for_as_long_as_portal_config_says(numbers, said):
    kept = [KeptNumber(number, is_ported_in=False) for number in numbers]
    assert consequences.of_numbers(kept, on=TODAY, reservation=TWO) == said


def test_ported_in_numbers_are_kept_for_a_time_of_their_own():
    kept = [KeptNumber("+651", is_ported_in=True), KeptNumber("+652", is_ported_in=False)]
    assert consequences.of_numbers(kept, on=TODAY, reservation=Reservation(days=0, days_ported_in=1)) == (
        "+652 stays reserved through 10 March 2026.",
        "+651 (ported in) stays reserved through 11 March 2026.",
    )


def test_the_money_of_the_automatic_refund():
    quote = document(("IN-1", "38.70", "0.00"), ("IN-2", "0.00", "1234.50"), to_credits="38.70")
    assert consequences.of_money(quote, why_nothing="") == (
        "SGD 38.70 goes into Available Credits.",
        "SGD 1,234.50 is waived on IN-2.",
    )
    assert consequences.invoices(quote) == "Invoices IN-1 and IN-2"


def test_nothing_has_its_reason_and_touches_no_invoice():
    quote = document(("IN-1", "38.70", "5.00"), allow_refund=False)
    assert consequences.of_money(quote, why_nothing="Allow Refund is off in Portal Config") == (
        "Nothing is refunded: Allow Refund is off in Portal Config.",
    )
    assert consequences.invoices(quote) == ""


def test_many_invoices_are_counted():
    quote = document(*((f"IN-{number}", "0.00", "1.00") for number in range(1, 8)))
    assert consequences.of_money(quote, why_nothing="x")[1:] == ("SGD 7.00 is waived on 7 invoices.",)
    assert consequences.invoices(quote) == "Invoices IN-1, IN-2, IN-3, IN-4, IN-5 and 2 more"


def foot(answer) -> str:
    """What stands in the foot of a step, before its buttons."""
    markup = answer.content.decode().split('<div class="foot-says" id="says">')[1].split("</div>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def an_unpaid_one():
    made = factories.subscription(cycles=(C("2026-03-01", net="100", paid="60"),), numbers=("+6530000001",))
    PhoneNumber.objects.create(number="+6530000002", subscription=made, is_ported_in=True)
    PhoneNumber.objects.create(number="+6530000003", subscription=made, status="free")
    return made


def test_what_writes_nothing_says_so(client_of):
    client = client_of("agent")
    made = an_unpaid_one()
    assert foot(client.get(address(made))) == NOTHING_YET
    assert foot(to_refund(client, made)) == NOTHING_YET


def test_apply_says_what_it_does(client_of):
    made = an_unpaid_one()
    number = factories.charge_of(made).invoice.number
    choice = to_choice(client_of("agent"), made)
    assert foot(choice) == (
        f"SGD 60.00 goes into Available Credits. SGD 40.00 is waived on {number}. {ENDS} "
        "+6530000001 stays reserved through 7 April 2026. "
        "+6530000002 (ported in) stays reserved through 5 May 2026."
    )
    assert 'aria-describedby="says"' in choice.content.decode()
    assert f"Invoice {number}" in pages.words(choice)


def test_with_a_note_to_choose_both_are_there_for_the_browser_to_show_one(client_of):
    made = an_unpaid_one()
    factories.credit_note(made.organisation, net="7")
    said = to_choice(client_of("agent"), made).content.decode()
    assert f'<p data-says="credit_note">{consequences.NOTE}' in said
    assert '<p data-says="automatic"><strong>SGD 60.00 goes into Available Credits.</strong>' in said


def test_what_it_said_is_what_it_did(client_of, agent, configure):
    configure(number_reservation_days=3, number_reservation_days_ported_in=5)
    made = an_unpaid_one()
    said = foot(to_choice(client_of("agent"), made))
    done = terminate(made, by=agent, at=NOW).termination
    assert f"SGD {done.credited:.2f} goes into Available Credits." in said
    assert f"SGD {done.waived:.2f} is waived" in said
    assert done.waived == Decimal(40)
    for number in made.numbers.filter(status="reserved"):
        day = number.reserved_through
        assert f"reserved through {day.day} {day:%B} {day.year}" in said.split(number.number)[1]
    assert made.numbers.filter(status="reserved").count() == 2


def test_in_simplified_termination_the_popup_says_it(client_of, configure):
    configure(termination_method="simplified")
    client = client_of("agent")
    made = an_unpaid_one()
    assert foot(client.get(address(made))) == NOTHING_YET
    assert foot(to_refund(client, made)).startswith("SGD 60.00 goes into Available Credits.")
    assert ENDS in foot(to_refund(client, made))


def test_what_expired_long_ago_says_it_too(client_of):
    made = factories.subscription(cycles=(C("2026-01-01"),), numbers=("+6530000001",))
    assert foot(client_of("agent").get(address(made, "terminate_expired"))) == (
        f"{consequences.ENDS_EXPIRED} +6530000001 stays reserved through 7 April 2026."
    )


def test_nothing_refunded_says_why(client_of, configure):
    configure(allow_refund=False)
    made = an_unpaid_one()
    quote = preview(made, at=NOW)
    assert quote.to_credits == 0
    said = foot(to_choice(client_of("agent"), made))
    assert said.startswith("Nothing is refunded: Allow Refund is off in Portal Config.")
    assert "waived" not in said
