"""Turn a quote document into what a person reads: the popup before, the record after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from settings_app import policies as settings_policies
from subscriptions.termination.quote import figures, lines
from subscriptions.termination.words import lines as words_lines


@dataclass(frozen=True)
class ChargeRow:
    """One charge of a cycle. *Shape*: `charged_parts` is its net and tax, which the words share out."""

    description: str
    invoice: str
    why: str
    charged: str
    charged_parts: str
    paid: str
    net: str
    tax: str
    refund: str
    owed: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One row of the total refund: a cycle, or the earlier cycles that give nothing together.

    *Shape*: `charges` where a cycle has several; it opens to them. `invoice` and `charged_parts` where it has one.
    """

    period: str
    invoice: str
    why: str
    charged: str
    charged_parts: str
    paid: str
    net: str
    tax: str
    refund: str
    owed: tuple[str, ...]
    charges: tuple[ChargeRow, ...]
    is_changed: bool


@dataclass(frozen=True)
class NoteRow:
    """One credit note of the list in the popup."""

    number: str
    total: str
    text: str


@dataclass(frozen=True)
class Sums:
    """What was charged and paid for all cycles together, and what they give, before the fee."""

    charged: str
    paid: str
    net: str
    tax: str
    refund: str


@dataclass(frozen=True)
class Preview:
    """Everything that the "Total refund" shows, ready-made."""

    date: str
    currency: str
    caption: str
    figures: tuple[figures.Shown, ...]
    lines: tuple[Line, ...]
    sums: Sums | None
    total: str
    total_label: str
    fee: str
    notes: tuple[NoteRow, ...]
    terms: str


def preview_of(
    document: Mapping[str, Any], *, changed: frozenset[str] = frozenset(), why_nothing: str = ""
) -> Preview:
    """Write a quote document in words.

    *Shape*: `changed` names cycles (first day, ISO) to be marked; `why_nothing` says why nothing would go into
    Available Credits.
    """
    case = _case_of(document)
    shown = case.show
    rows: list[Line] = []
    earlier: list[Mapping[str, Any]] = []
    for line in document["lines"]:
        gives_nothing = not Decimal(line["refund"]) and not Decimal(line["waived"])
        is_past = date.fromisoformat(line["ends_on"]) < case.on
        if gives_nothing and is_past and line["starts_on"] not in changed:
            earlier.append(line)
        else:
            rows.append(_line(line, case=case, is_changed=line["starts_on"] in changed))
    if len(earlier) == 1:
        rows.insert(0, _line(earlier[0], case=case, is_changed=False))
    elif earlier:
        rows.insert(0, _summary(earlier, case=case))
    fee = Decimal(document["fee"])
    return Preview(
        date=days.display(case.on),
        currency=str(document["currency"]),
        caption=f"Refund by cycle, in {document['currency']}",
        figures=figures.shown(
            figures.figures(document, done=figures.automatic(document)),
            why_nothing=why_nothing,
            to_credits_hint=_to_credits_hint(document, shown=shown),
        ),
        lines=tuple(rows),
        sums=_sums(document, plain=case.plain),
        total=shown(Decimal(document["total"])),
        total_label="Total refund"
        if document["terms"]["allow_refund"]
        else "Total, not refunded: Allow Refund is off",
        fee=shown(-fee) if fee else "",
        notes=tuple(
            NoteRow(
                number=note["number"],
                total=shown(Decimal(note["total"])),
                text=_note_text(note, shown=shown),
            )
            for note in document["notes"]
        ),
        terms=_terms(document["terms"], shown=shown),
    )


def settled_under(document: Mapping[str, Any]) -> str:
    """Write the terms of a stored quote."""
    currency = str(document["currency"])
    return _terms(document["terms"], shown=lambda amount: money.display(amount, currency=currency))


def owed_of_expired(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what stays owed when what has expired is ended, a sentence for each invoice."""
    currency = str(document["currency"])
    return tuple(
        f"{money.display(part.amount, currency=currency)} stays owed on {part.invoice}."
        for part in figures.unpaid(document)
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


def _case_of(document: Mapping[str, Any]) -> words_lines.Case:
    currency = str(document["currency"])

    def show(amount: Decimal) -> str:
        return money.display(amount, currency=currency)

    def plain(amount: Decimal) -> str:
        return show(amount).removeprefix(f"{currency} ")

    return words_lines.Case(
        terms=document["terms"],
        anchor=document["anchor"],
        on=date.fromisoformat(document["on"]),
        schema=lines.schema_of(document),
        show=show,
        plain=plain,
    )


def _line(line: Mapping[str, Any], *, case: words_lines.Case, is_changed: bool) -> Line:
    charges = line["charges"]
    is_told = case.schema >= lines.SCHEMA_WITH_WORDS and line["reason"] != "expired"
    only = charges[0] if len(charges) == 1 else None
    return Line(
        period=days.display_range(words_lines.span_of(line)),
        invoice=only["invoice"] if only else "",
        why=words_lines.of_line(line, case=case),
        charged=case.plain(Decimal(line["charged"])),
        charged_parts=_parts(only, case=case) if is_told and only else "",
        paid=case.plain(Decimal(line["paid"])),
        net=case.plain(Decimal(line["net"])),
        tax=case.plain(Decimal(line["tax"])),
        refund=case.plain(Decimal(line["refund"])),
        owed=_owed([line], case=case),
        charges=tuple(_charge(charge, case=case) for charge in charges) if is_told and len(charges) > 1 else (),
        is_changed=is_changed,
    )


def _charge(charge: Mapping[str, Any], *, case: words_lines.Case) -> ChargeRow:
    return ChargeRow(
        description=charge["description"],
        invoice=charge["invoice"],
        why=words_lines.of_charge(charge, case=case),
        charged=case.plain(Decimal(charge["charged"])),
        charged_parts=_parts(charge, case=case),
        paid=case.plain(Decimal(charge["paid"])),
        net=case.plain(Decimal(charge["net"])),
        tax=case.plain(Decimal(charge["tax"])),
        refund=case.plain(Decimal(charge["refund"])),
        owed=_owed([{"charges": [charge]}], case=case),
    )


def _parts(charge: Mapping[str, Any], *, case: words_lines.Case) -> str:
    net, tax = (case.show(Decimal(charge[name])) for name in ("charged_net", "charged_tax"))
    return f"{net} + {tax} tax"


def _summary(earlier: list[Mapping[str, Any]], *, case: words_lines.Case) -> Line:
    def total(name: str) -> Decimal:
        return sum((Decimal(line[name]) for line in earlier), Decimal(0))

    span = days.Span.inclusive(words_lines.span_of(earlier[0]).first_day, words_lines.span_of(earlier[-1]).last_day)
    return Line(
        period=f"{len(earlier):,} earlier cycles, {days.display_range(span)}",
        invoice="",
        why=words_lines.of_earlier(total("credited"), case=case),
        charged=case.plain(total("charged")),
        charged_parts="",
        paid=case.plain(total("paid")),
        net=case.plain(total("net")),
        tax=case.plain(total("tax")),
        refund=case.plain(total("refund")),
        owed=_owed(earlier, case=case),
        charges=(),
        is_changed=False,
    )


def _owed(of: Iterable[Mapping[str, Any]], *, case: words_lines.Case) -> tuple[str, ...]:
    """Say what stays owed on which invoice; while Allow Refund is off nothing is waived of it."""
    is_waiving = case.terms["allow_refund"]
    parts = (
        figures.Part(
            charge["line_id"],
            charge["invoice"],
            Decimal(charge["owed"]) + (0 if is_waiving else Decimal(charge["waived"])),
        )
        for line in of
        for charge in line["charges"]
    )
    return tuple(f"still owed on {one.invoice}: {case.show(one.amount)}" for one in figures.by_invoice(parts))


def _sums(document: Mapping[str, Any], *, plain: words_lines.Show) -> Sums | None:
    if not document["lines"]:
        return None
    return Sums(
        *(
            plain(sum((Decimal(line[name]) for line in document["lines"]), Decimal(0)))
            for name in ("charged", "paid", "net", "tax", "refund")
        )
    )


def _note_text(note: Mapping[str, Any], *, shown: words_lines.Show) -> str:
    if note["is_taken_off"]:
        named = shown(Decimal(note["named"]))
        return f"names this subscription; the {named} that it gave back is taken off the refund"
    if note["names_this"]:
        return "names this subscription; gave back what comes to nothing today"
    # What was stored before candidates had a name has none.
    match note.get("candidate"):
        case "same_sum":
            return "names no charge and has the sum of this refund: it may have been sent for it"
        case "twin":
            about = note["about"]
            return f"names {about}; if it was meant for this subscription, void it and write it again"
        case "above":
            return f"settled {note['about']} and is above what was needed there: the rest may be this refund"
    return ""


def _to_credits_hint(document: Mapping[str, Any], *, shown: words_lines.Show) -> str:
    """Say how what goes into Available Credits came about, and what becomes of it."""
    said = []
    fee = Decimal(document["fee"])
    if fee:
        said.append(f"{shown(Decimal(document['refunds']))} less the administrative fee of {shown(fee)}")
    if document["is_postpaid"]:
        said.append("marked unbilled for the monthly invoice")
    return "; ".join(said)


def _terms(terms: Mapping[str, Any], *, shown: words_lines.Show) -> str:
    window = terms["full_refund_days"]
    method = terms["refund_method"]
    return ", ".join(
        (
            f"Portal Config version {terms['version']}",
            f"refund method: {settings_policies.REFUND_METHODS.get(method, method)}",
            "no full-refund days" if window is None else f"full refund within {window} days",
            f"Allow Refund {'on' if terms['allow_refund'] else 'off'}",
            f"administrative fee {shown(Decimal(terms['fee']))}" if terms["fee"] else "no administrative fee",
        )
    )
