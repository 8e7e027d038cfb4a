"""The JSON of `quote_refund`: a contract."""

import datetime as dt
import io
import json
import sys
import uuid

import pytest
import time_machine
from django.core.management import call_command

from tests.support import factories
from tests.support.factories import C

pytestmark = pytest.mark.django_db


def run(*arguments, stdin="", monkeypatch=None):
    out, err = io.StringIO(), io.StringIO()
    code: str | int | None = 0
    if monkeypatch:
        monkeypatch.setattr(
            sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin))
        )
    with time_machine.travel(dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC), tick=False):
        try:
            call_command("quote_refund", *arguments, stdout=out, stderr=err)
        except SystemExit as exit_:
            code = exit_.code
    return (
        code,
        [json.loads(line) for line in out.getvalue().splitlines()] if "--json" in arguments else out.getvalue(),
        err.getvalue(),
    )


def test_a_document_to_the_letter():
    made = factories.subscription(
        cycles=(C("2026-02-10", net="50", tax="4.5", paid="0"), C("2026-03-10", net="50", tax="4.5")),
        started_on="2026-02-10",
    )
    first, second = (factories.charge_of(made, day).invoice.number for day in ("2026-02-10", "2026-03-10"))
    code, (answer,), _ = run(str(made.uuid).upper(), "--json")
    assert code == 0
    assert answer == {
        "subscription": str(made.uuid),
        "on": "2026-03-10",
        "method": "remaining_months",
        "terminable": True,
        "why_not": None,
        "currency": "SGD",
        "lines": [
            {
                "starts_on": "2026-02-10", "ends_on": "2026-03-09", "charged": "54.50", "paid": "0.00",
                "credited": "0.00", "waived": "0.00", "net": "0.00", "tax": "0.00", "refund": "0.00",
                "reason": "over",
                "charges": [{
                    "invoice": first, "kind": "plan", "description": "Plan", "months": 1, "months_left": 0,
                    "days": 28, "days_left": 0, "charged_net": "50.00", "charged_tax": "4.50", "charged": "54.50",
                    "paid": "0.00", "credited": "0.00", "value": "0.00", "left": "0.00", "waived": "0.00",
                    "net": "0.00", "tax": "0.00", "refund": "0.00", "owed": "54.50",
                }],
            },
            {
                "starts_on": "2026-03-10", "ends_on": "2026-04-09", "charged": "54.50", "paid": "54.50",
                "credited": "0.00", "waived": "0.00", "net": "50.00", "tax": "4.50", "refund": "54.50",
                "reason": "within_window",
                "charges": [{
                    "invoice": second, "kind": "plan", "description": "Plan", "months": 1, "months_left": 0,
                    "days": 31, "days_left": 30, "charged_net": "50.00", "charged_tax": "4.50", "charged": "54.50",
                    "paid": "54.50", "credited": "0.00", "value": "54.50", "left": "54.50", "waived": "0.00",
                    "net": "50.00", "tax": "4.50", "refund": "54.50", "owed": "0.00",
                }],
            },
        ],
        "fee": "0.00",
        "total": "54.50",
        "to_credits": "54.50",
    }  # fmt: skip


def test_each_charge_of_a_cycle_is_told(configure):
    """Also what the cycle's own word doesn't say: an addition in mid-cycle, and a charge invoiced elsewhere."""
    made = factories.subscription(cycles=(C("2026-01-10", months=6, net="60", external=True),))
    addition = factories.invoice(made.organisation, amounts=[("20", "1.8")], kind="add_on").lines.get()
    cycle = made.cycles.get()
    cycle.charges.create(line=addition, first_day=dt.date(2026, 3, 10), day_after=cycle.day_after)
    _, (answer,), _ = run(str(made.uuid), "--json", "--on", "2026-04-12", "--method", "remaining_days")
    (line,) = answer["lines"]
    assert (line["reason"], line["refund"]) == ("remaining", "15.73")
    assert [
        tuple(charge[name] for name in ("kind", "months", "months_left", "days", "days_left", "value", "refund"))
        for charge in line["charges"]
    ] == [("plan", 6, 2, 181, 88, "0.00", "0.00"), ("add_on", 4, 2, 122, 88, "15.73", "15.73")]


def test_options_change_the_sum(configure):
    configure(allow_refund=False)
    made = factories.subscription(cycles=(C("2026-02-20", months=2, net="100"),))
    _, (answer,), _ = run(str(made.uuid), "--json")
    assert (answer["total"], answer["to_credits"]) == ("50.00", "0.00")
    _, (answer,), _ = run(str(made.uuid), "--json", "--on", "2026-02-21")
    assert answer["total"] == "100.00"
    _, (answer,), _ = run(str(made.uuid), "--json", "--on", "2026-02-21", "--full-refund-days", "none")
    assert answer["total"] == "50.00"
    _, (answer,), _ = run(str(made.uuid), "--json", "--method", "none")
    assert (answer["total"], answer["lines"][0]["reason"]) == ("0.00", "method_none")


def test_not_terminable_says_the_screens_sentence():
    made = factories.subscription(cycles=(C("2026-02-01"),))
    code, (answer,), _ = run(str(made.uuid), "--json")
    assert code == 0
    assert (answer["terminable"], answer["lines"], answer["total"]) == (False, [], "0.00")
    assert "can be terminated from 29 March 2026" in answer["why_not"]
    _, (answer,), _ = run(str(made.uuid), "--json", "--on", "2026-03-29")
    assert (answer["terminable"], answer["lines"][0]["reason"], answer["total"]) == (True, "expired", "0.00")


def test_standard_input(monkeypatch):
    made = factories.subscription()
    unknown = uuid.uuid4()
    lines = f"\n{made.uuid}\n{str(made.uuid).upper()},2026-03-20\n{unknown}\nnonsense\n{made.uuid},soon\n"
    code, answers, _ = run("-", "--json", "--on", "2026-03-02", stdin=lines, monkeypatch=monkeypatch)
    assert code == 1
    assert [a.get("on") for a in answers] == ["2026-03-02", "2026-03-20", None, None, None]
    assert answers[1]["subscription"] == str(made.uuid)
    assert answers[2] == {"subscription": str(unknown), "error": "There is no subscription with this UUID."}
    assert answers[3]["subscription"] == "nonsense"
    assert answers[4]["subscription"] == str(made.uuid)
    assert "year-month-day" in answers[4]["error"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--method", "guess"), "no refund method"),
        (("--full-refund-days", "-1"), "not a number of days"),
        (("--on", "2026-02-30"), "not a date"),
        (("--on", "2026-W10-1"), "not a date"),
    ],
)
def test_a_bad_option_ends_with_2_and_one_sentence(arguments, said):
    code, out, err = run(str(uuid.uuid4()), *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((str(uuid.uuid4()), "--on"), "expected one argument"),
        ((str(uuid.uuid4()), "--sum"), "Unrecognized arguments: --sum."),
        ((), "The following arguments are required: UUID."),
    ],
)
def test_an_option_that_is_none_ends_with_2_and_one_sentence(arguments, said, capsys):
    code, _, _ = run(*arguments)
    answer = capsys.readouterr()
    assert (code, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.strip().splitlines()) == 1


def test_a_table_for_people():
    made = factories.subscription()
    code, out, _ = run(str(made.uuid))
    assert code == 0
    assert "within_window" in out
    assert "total 50.00" in out
