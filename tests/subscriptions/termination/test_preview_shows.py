"""The total refund as a page: each amount under its heading, for each kind of cycle and under each setting."""

from typing import Any

import pytest
import time_machine

from subscriptions.models import CycleCharge
from tests.support import factories, pages, shown
from tests.support.factories import C
from tests.support.steps import NOW, address, step, to_refund

pytestmark = pytest.mark.django_db

HEADINGS = ("Charged", "Paid", "Refund net", "Tax", "Refund")
OFF: dict[str, Any] = {"allow_refund": False}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


def estimate(client_of, made, **given):
    return shown.read(client_of("agent").get(address(made, "estimate"), given))


def written(table):
    """Write each row of amounts in one line, and the words that stand below it in the next."""
    first = table.headings[0]
    return [" | ".join((row[first], *(row[name] for name in HEADINGS if name in row))) for row in table.rows]


def with_an_add_on(made, first_day):
    """Charge for one of its cycles a second time, on an invoice of its own."""
    (line,) = factories.invoice(made.organisation, amounts=[("20", "1.80")], paid=["10"], kind="add_on").lines.all()
    cycle = made.cycles.get(first_day=first_day)
    CycleCharge.objects.create(cycle=cycle, line=line, first_day=cycle.first_day, day_after=cycle.day_after)
    return line.invoice.number


def test_every_amount_stands_under_its_heading(client_of, configure):
    configure(fees={"SGD": "10"}, charge_administrative_fee=True)
    made = factories.subscription(
        cycles=(
            C("2025-12-01", net="40", tax="3.60"),
            C("2026-01-01", net="60", tax="5.40", paid="30"),
            C("2026-02-01", months=6, net="300", tax="27", paid="300"),
            C("2026-08-01", net="50", tax="4.50", paid="0"),
            C("2026-09-01", net="80", tax="7.20"),
        )
    )
    add_on = with_an_add_on(made, "2026-09-01")
    plans = [charge.line.invoice.number for charge in CycleCharge.objects.order_by("pk")[:5]]
    read = estimate(client_of, made)
    cycles = read.table("Refund by cycle, in SGD")
    assert cycles.headings == ["Cycle, amounts in SGD", *HEADINGS]
    assert written(cycles) == [
        "2 earlier cycles, 1 December 2025 to 31 January 2026 | 109.00 | 73.60 | 0.00 | 0.00 | 0.00",
        f"Over: nothing comes back; still owed on {plans[1]}: SGD 35.40",
        f"1 February 2026 to 31 July 2026 {plans[2]} | 327.00 | 300.00 | 175.23 | 15.77 | 191.00",
        "Charged SGD 300.00 + SGD 27.00 tax. 4 of 6 months not begun: SGD 218.00, less SGD 27.00 waived",
        f"1 August 2026 to 31 August 2026 {plans[3]} | 54.50 | 0.00 | 0.00 | 0.00 | 0.00",
        "Charged SGD 50.00 + SGD 4.50 tax. Not begun: SGD 54.50 in full, less SGD 54.50 waived",
        "1 September 2026 to 30 September 2026 | 109.00 | 97.20 | 89.17 | 8.03 | 97.20",
        "Not begun: SGD 109.00 in full, less SGD 11.80 waived 2 charges",
        "All cycles | 599.50 | 470.80 | 264.40 | 23.80 | 288.20",
        "Administrative fee | SGD -10.00",
        "Total refund | SGD 278.20",
    ]
    charges = read.table("Charges of the cycle 1 September 2026 to 30 September 2026, in SGD")
    assert written(charges) == [
        f"Plan {plans[4]} | 87.20 | 87.20 | 80.00 | 7.20 | 87.20",
        "Charged SGD 80.00 + SGD 7.20 tax. Not begun: comes back in full",
        f"Plan {add_on} | 21.80 | 10.00 | 9.17 | 0.83 | 10.00",
        "Charged SGD 20.00 + SGD 1.80 tax. Not begun: SGD 21.80 in full, less SGD 11.80 waived",
    ]
    assert read.terms() == {
        "Into Available Credits": "SGD 278.20 SGD 288.20 less the administrative fee of SGD 10.00",
        "Cancelled on open invoices": (
            f"SGD 93.30 SGD 27.00 on {plans[2]} SGD 54.50 on {plans[3]} SGD 11.80 on {add_on}"
        ),
        "Still owed": f"SGD 35.40 on {plans[1]}",
        "Termination date": "10 March 2026",
        "Computed under": (
            "Portal Config version 2, refund method: Remaining months, full refund within 14 days, "
            "Allow Refund on, administrative fee SGD 10.00 How a refund is computed"
        ),
    }


# The settings, the cycles, the day that is asked, and what the table shows.
RUNNING = C("2026-02-01", months=3, net="90", tax="8.10", paid="50")
SHOWN: dict[str, tuple[dict[str, Any], tuple[C, ...], str, list[str]]] = {
    "one earlier cycle stands for itself": (
        {},
        (C("2026-01-01", paid="20"), C("2026-02-01", months=2)),
        "2026-03-10",
        [
            "1 January 2026 to 31 January 2026 {0} | 50.00 | 20.00 | 0.00 | 0.00 | 0.00",
            "Charged SGD 50.00 + SGD 0.00 tax. Over: nothing comes back; still owed on {0}: SGD 30.00",
            "1 February 2026 to 31 March 2026 {1} | 50.00 | 50.00 | 0.00 | 0.00 | 0.00",
            "Charged SGD 50.00 + SGD 0.00 tax. The last month has begun: nothing comes back",
        ],
    ),
    "a cycle that ends on the day is none of the earlier ones": (
        {},
        (C("2026-01-01"), C("2026-02-01"), C("2026-03-01")),
        "2026-03-31",
        [
            "2 earlier cycles, 1 January 2026 to 28 February 2026 | 100.00 | 100.00 | 0.00 | 0.00 | 0.00",
            "Over: nothing comes back",
            "1 March 2026 to 31 March 2026 {2} | 50.00 | 50.00 | 0.00 | 0.00 | 0.00",
            "Charged SGD 50.00 + SGD 0.00 tax. The last month has begun: nothing comes back",
        ],
    ),
    "while Allow Refund is off, what was not paid stays owed": (
        OFF,
        (RUNNING,),
        "2026-03-10",
        [
            "1 February 2026 to 30 April 2026 {0} | 98.10 | 50.00 | 0.00 | 0.00 | 0.00",
            "Charged SGD 90.00 + SGD 8.10 tax. 1 of 3 months not begun: SGD 32.70, less SGD 32.70 not paid; "
            "still owed on {0}: SGD 48.10",
        ],
    ),
    "by days, those that are left are counted": (
        {"refund_method": "remaining_days"},
        (C("2026-02-01", net="28", tax="2.80"), C("2026-03-01", net="31", tax="3.10")),
        "2026-03-30",
        [
            "1 February 2026 to 28 February 2026 {0} | 30.80 | 30.80 | 0.00 | 0.00 | 0.00",
            "Charged SGD 28.00 + SGD 2.80 tax. Over: nothing comes back",
            "1 March 2026 to 31 March 2026 {1} | 34.10 | 34.10 | 1.00 | 0.10 | 1.10",
            "Charged SGD 31.00 + SGD 3.10 tax. 1 of 31 days left",
        ],
    ),
    "nothing comes back by the method “None”": (
        {"refund_method": "none"},
        (RUNNING,),
        "2026-03-10",
        [
            "1 February 2026 to 30 April 2026 {0} | 98.10 | 50.00 | 0.00 | 0.00 | 0.00",
            "Charged SGD 90.00 + SGD 8.10 tax. The refund method is “None”: nothing comes back; "
            "still owed on {0}: SGD 48.10",
        ],
    ),
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_cycle_says_what_comes_back_and_why(client_of, configure, case):
    settings, cycles, on, wanted = SHOWN[case]
    configure(**settings)
    made = factories.subscription(cycles=cycles)
    numbers = [charge.line.invoice.number for charge in CycleCharge.objects.order_by("pk")]
    rows = written(estimate(client_of, made, on=on).table())
    assert rows[:-1] == [line.format(*numbers) for line in wanted]
    assert rows[-1].startswith(
        "Total, not refunded: Allow Refund is off |" if settings == OFF else "Total refund |"
    )


def test_what_a_note_gave_back_before_is_taken_off(client_of):
    made = factories.subscription(cycles=(C("2026-04-01", net="80", tax="8"),))
    line = factories.charge_of(made)
    note = factories.credit_note(made.organisation, line=line, net="20", tax="2")
    read = estimate(client_of, made)
    assert written(read.table())[:2] == [
        f"1 April 2026 to 30 April 2026 {line.invoice.number} | 88.00 | 88.00 | 60.00 | 6.00 | 66.00",
        "Charged SGD 80.00 + SGD 8.00 tax. Not begun: SGD 88.00 in full, less SGD 22.00 already given back",
    ]
    assert read.terms()[f"Credit note {note.number}"] == (
        "SGD 22.00 names this subscription; the SGD 22.00 that it gave back is taken off the refund"
    )


def test_a_cycle_that_changed_meanwhile_is_marked(client_of):
    client = client_of("agent")
    made = factories.subscription(cycles=(C("2026-03-01", paid="10"), C("2026-04-01")))
    seen = to_refund(client, made)
    factories.pay(factories.charge_of(made, "2026-03-01"), "40")
    again = step(client, pages.form(seen, action="/choice/"))
    assert again.status_code == 409
    table = shown.read(again).table()
    marked = [row for row in table.column(table.headings[0]) if row.endswith(" changed")]
    assert [row.split(" TIN")[0] for row in marked] == ["1 March 2026 to 31 March 2026"]
