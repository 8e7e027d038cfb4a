"""Turn a quote document into what a person reads: the popup before, the record after. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from settings_app import policies as settings_policies


@dataclass(frozen=True)
class Line:
    """One row of the total refund: a cycle, or the earlier cycles that give nothing together."""

    period: str
    why: str
    charged: str
    paid: str
    net: str
    tax: str
    refund: str
    owed: tuple[str, ...]
    is_changed: bool
    is_summary: bool


@dataclass(frozen=True)
class NoteRow:
    """One credit note of the list in the popup."""

    number: str
    total: str
    text: str


@dataclass(frozen=True)
class Preview:
    """Everything that the "Total refund" shows, ready-made."""

    date: str
    lines: tuple[Line, ...]
    total: str
    fee: str
    tax: str
    waived: tuple[str, ...]
    owed: tuple[str, ...]
    notes: tuple[NoteRow, ...]
    destination: str
    is_nothing: bool
    terms: str


def preview_of(
    document: Mapping[str, Any], *, changed: frozenset[str] = frozenset(), is_record: bool = False
) -> Preview:
    """Write a quote document in words.

    *Shape*: `changed` names cycles (first day, ISO) to be marked; `is_record` speaks of what was applied.
    """
    currency = str(document["currency"])

    def shown(amount: str | Decimal) -> str:
        return money.display(Decimal(amount), currency=currency)

    on = date.fromisoformat(document["on"])
    lines: list[Line] = []
    earlier: list[Mapping[str, Any]] = []
    for line in document["lines"]:
        gives_nothing = not Decimal(line["refund"]) and not Decimal(line["waived"])
        if gives_nothing and date.fromisoformat(line["ends_on"]) < on and line["starts_on"] not in changed:
            earlier.append(line)
        else:
            lines.append(_line(line, document=document, on=on, shown=shown, changed=changed))
    if len(earlier) == 1:
        lines.insert(0, _line(earlier[0], document=document, on=on, shown=shown, changed=changed))
    elif earlier:
        lines.insert(0, _summary(earlier, shown=shown))
    return Preview(
        date=days.display(on),
        lines=tuple(lines),
        total=shown(document["total"]),
        fee=shown(-Decimal(document["fee"])) if Decimal(document["fee"]) else "",
        tax=shown(sum((Decimal(line["tax"]) for line in document["lines"]), Decimal(0))),
        waived=_by_invoice(document, "waived", "{amount} set against what is still owed on {invoice}", shown),
        owed=_by_invoice(document, "owed", "{amount} on {invoice}", shown),
        notes=tuple(
            NoteRow(
                number=note["number"],
                total=shown(note["total"]),
                text=_note_text(note, shown=shown),
            )
            for note in document["notes"]
            if note["names_this"]
        ),
        destination=_destination(document, shown=shown, is_record=is_record),
        is_nothing=not Decimal(document["to_credits"]),
        terms=_terms(document["terms"], shown=shown),
    )


def nothing_after_expiry(*, expires_on: date, on: date) -> str:
    """Say why nothing would come back on a day after the last one."""
    return (
        f"The last day is {days.display(expires_on)}. After it, and so on {days.display(on)}, the subscription has "
        "expired, and nothing comes back."
    )


def window_closed(document: Mapping[str, Any], *, requested_on: date) -> str:
    """Say that the full-refund days closed between asking and today; empty where they did not.

    Also where the whole cycle, running on the day of asking, is over by now.
    """
    window = document["terms"]["full_refund_days"]
    if window is None or document["case"] != "customer_request":
        return ""
    on = date.fromisoformat(document["on"])
    for line in document["lines"]:
        first = date.fromisoformat(line["starts_on"])
        last = date.fromisoformat(line["ends_on"])
        was_open = first <= requested_on <= last and (requested_on - first).days <= window
        is_open = on <= last and (on - first).days <= window
        if was_open and not is_open and line["reason"] in ("remaining", "used_up", "contract_late", "over"):
            return (
                f"The customer asked on {days.display(requested_on)}, within {window} days of the activation on "
                f"{days.display(first)}. These days have closed since: the refund is that of today."
            )
    return ""


def _line(
    line: Mapping[str, Any],
    *,
    document: Mapping[str, Any],
    on: date,
    shown: Any,
    changed: frozenset[str],
) -> Line:
    first = date.fromisoformat(line["starts_on"])
    last = date.fromisoformat(line["ends_on"])
    span = days.Span.inclusive(first, last)
    return Line(
        period=days.display_range(span),
        why=_why(line, span=span, document=document, on=on, shown=shown),
        charged=shown(line["charged"]),
        paid=shown(line["paid"]),
        net=shown(line["net"]),
        tax=shown(line["tax"]),
        refund=shown(line["refund"]),
        owed=tuple(
            f"still owed on {charge['invoice']}: {shown(charge['owed'])}"
            for charge in line["charges"]
            if Decimal(charge["owed"])
        ),
        is_changed=line["starts_on"] in changed,
        is_summary=False,
    )


def _summary(lines: list[Mapping[str, Any]], *, shown: Any) -> Line:
    def total(name: str) -> str:
        return str(shown(sum((Decimal(line[name]) for line in lines), Decimal(0))))

    span = days.Span.inclusive(date.fromisoformat(lines[0]["starts_on"]), date.fromisoformat(lines[-1]["ends_on"]))
    return Line(
        period=f"{len(lines)} earlier cycles, {days.display_range(span)}",
        why=_nothing(
            "Over: nothing comes back",
            given=sum((Decimal(line["credited"]) for line in lines), Decimal(0)),
            shown=shown,
        ),
        charged=total("charged"),
        paid=total("paid"),
        net=total("net"),
        tax=total("tax"),
        refund=total("refund"),
        owed=tuple(
            f"still owed on {charge['invoice']}: {shown(charge['owed'])}"
            for line in lines
            for charge in line["charges"]
            if Decimal(charge["owed"])
        ),
        is_changed=False,
        is_summary=True,
    )


def _why(line: Mapping[str, Any], *, span: days.Span, document: Mapping[str, Any], on: date, shown: Any) -> str:
    """Say why a cycle gives what it gives; where something is taken off, what was there and what went."""
    terms = document["terms"]
    reason = line["reason"]
    is_whole = reason in ("not_begun", "within_window") or terms["refund_method"] == "full"
    if reason == "not_begun":
        head = "Not begun"
    elif reason == "within_window":
        head = f"Within {terms['full_refund_days']} days of activation"
    elif reason == "remaining":
        head = _what_remains(span, terms=terms, anchor=document["anchor"], on=on)
    else:
        return _nothing(_why_nothing(reason, terms=terms), given=Decimal(line["credited"]), shown=shown)
    value = sum((Decimal(charge["value"]) for charge in line["charges"]), Decimal(0))
    given = value - sum((Decimal(charge["left"]) for charge in line["charges"]), Decimal(0))
    waived = Decimal(line["waived"])
    if given or waived:
        parts = [f"{head}: {shown(value)}{' in full' if is_whole else ''}"]
        parts += [f"less {shown(given)} already given back"] if given else []
        parts += [f"less {shown(waived)} waived"] if waived else []
        return ", ".join(parts)
    return f"{head}: comes back in full" if is_whole else head


def _what_remains(span: days.Span, *, terms: Mapping[str, Any], anchor: int, on: date) -> str:
    if terms["refund_method"] == "remaining_days":
        return f"{days.days_after(span, on=on)} of {span.days} days left"
    if terms["refund_method"] == "full":
        return "Running"
    not_begun = days.months_not_begun(span, on=on, anchor=anchor)
    return f"{not_begun} of {days.months_of(span, anchor=anchor)} months not begun"


def _nothing(why: str, *, given: Decimal, shown: Any) -> str:
    return f"{why}; {shown(given)} was given back before" if given else why


def _why_nothing(reason: str, *, terms: Mapping[str, Any]) -> str:
    return {
        "over": "Over: nothing comes back",
        "used_up": "The last month has begun: nothing comes back"
        if terms["refund_method"] != "remaining_days"
        else "No day is left: nothing comes back",
        "trial": "Trial: nothing comes back",
        "external_invoice": "External invoice: the balance was never charged",
        "milestone": "Milestone contract: nothing comes back",
        "contract_late": "As-incurred contract, after the full-refund days: nothing comes back",
        "expired": "Expired: nothing comes back",
        "method_none": "The refund method is “None”: nothing comes back",
    }[reason]


def _by_invoice(document: Mapping[str, Any], name: str, sentence: str, shown: Any) -> tuple[str, ...]:
    sums: dict[str, Decimal] = {}
    for line in document["lines"]:
        for charge in line["charges"]:
            if Decimal(charge[name]):
                sums[charge["invoice"]] = sums.get(charge["invoice"], Decimal(0)) + Decimal(charge[name])
    return tuple(sentence.format(invoice=invoice, amount=shown(amount)) for invoice, amount in sums.items())


def _note_text(note: Mapping[str, Any], *, shown: Any) -> str:
    if note["is_taken_off"]:
        return f"names this subscription; the {shown(note['named'])} that it gave back is taken off the refund"
    return "names a cycle of this subscription that gives nothing back"


def _destination(document: Mapping[str, Any], *, shown: Any, is_record: bool) -> str:
    if document["case"] == "expired":
        return "Nothing is refunded: the subscription has expired."
    terms = document["terms"]
    if not terms["allow_refund"]:
        if terms["termination_method"] == "simplified":
            return "Nothing will be refunded: Allow Refund is off in Portal Config."
        return "Allow Refund is off in Portal Config: only a credit note that exists already can be the refund."
    if not Decimal(document["to_credits"]):
        return "Nothing goes into Available Credits."
    where = f"{shown(document['to_credits'])} into Available Credits"
    if document["is_postpaid"]:
        where += ", marked unbilled for the monthly invoice"
    if terms["termination_method"] == "simplified" or is_record:
        return f"{where}."
    return f"{where}, unless you choose a credit note in the next step."


def _terms(terms: Mapping[str, Any], *, shown: Any) -> str:
    window = terms["full_refund_days"]
    method = terms["refund_method"]
    return ", ".join(
        (
            f"Portal Config version {terms['version']}",
            f"refund method: {settings_policies.REFUND_METHODS.get(method, method)}",
            "no full-refund days" if window is None else f"full refund within {window} days",
            f"Allow Refund {'on' if terms['allow_refund'] else 'off'}",
            f"administrative fee {shown(terms['fee'])}" if terms["fee"] else "no administrative fee",
        )
    )
