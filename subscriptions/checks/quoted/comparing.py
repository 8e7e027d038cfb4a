"""Hold one termination against its stored quote, and the quote against what it was computed from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import days, money
from subscriptions import policies
from subscriptions.checks.quoted.reading import Ended
from subscriptions.termination.quote import lines

SAYS = {
    "quote_missing": "it keeps no quote of what was applied",
    "quote_unreadable": "its quote can't be read: {why}",
    "quote_head": "its quote says {kept} as {name}, it is {wanted}",
    "quote_terms": "its quote was made with {kept} as {name}, settings version {version} has {wanted}",
    "quote_lines": "its quote says {kept} as {name} {where}, computed again it is {wanted}",
    "quote_charges": "its quote says {kept}, the subscription has {wanted}",
    "quote_sums": "its quote says {kept} as {name}, its lines make {wanted}",
    "quote_refunds": "invoice {invoice}, line {line}: {kept} was refunded, the quote makes it {wanted}",
    "quote_waivers": "invoice {invoice}, line {line}: {kept} was waived, the quote makes it {wanted}",
    "quote_holds": "it holds the notes {kept} as taken off its refund, its quote took off {wanted}",
    "quote_stands": "invoice {invoice}, line {line}: its note stands for {kept}, the quote has {wanted} left",
    "settled_without_charges": (
        "note {number} settles it, and {missing} of it stands for no charge although its quote has {left} left"
    ),
    "quote_settlement": "it is settled as {kept}, its quote and the choice {choice} make it {wanted}",
    "termination_day": "it ended on {kept}, its instant is {wanted} in {zone}",
    "refund_unbilled": "its refund is marked as unbilled: {kept}, its quote says postpaid: {wanted}",
    "refund_told": "its refund says {kept} as {name}, the termination says {wanted}",
}

Found = tuple[str, dict[str, Any]]
# What a stored document that is none runs into.
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
_AMOUNTS = ("charged", "paid", "credited", "value", "left", "waived", "net", "tax", "refund", "owed")
_SUMS = ("waived", "left", "refunds", "fee", "total", "to_credits")
_NOTHING = Decimal(0)


def found(ended: Ended) -> Iterator[Found]:
    """Go through what does not agree of one termination."""
    yield from _day(ended)
    quote = ended.row["quote"]
    if quote is None:
        yield "quote_missing", {}
        return
    try:
        told = list(_quote(ended, quote=quote))
    except _UNREADABLE as error:
        told = [("quote_unreadable", {"why": f"{type(error).__name__} {error}"})]
    yield from told


def _quote(ended: Ended, *, quote: Mapping[str, Any]) -> Iterator[Found]:
    yield from _head(ended, quote=quote)
    yield from _terms(ended, quote=quote)
    yield from _computed(ended, quote=quote)
    if ended.row["case"] == "customer_request":
        yield from _applied(ended, quote=quote)


def _day(ended: Ended) -> Iterator[Found]:
    zone = ended.row["organisation__timezone"]
    if not days.is_timezone(zone):
        return
    today = days.today_in(zone, at=ended.terminated_at)
    asked_for = ended.row["request__ends_on"]
    if asked_for:
        # A scheduled end has the day asked for, and is carried out after it.
        if ended.terminated_on != asked_for or asked_for >= today:
            yield "termination_day", {"kept": ended.terminated_on, "wanted": asked_for, "zone": zone}
        return
    # A clean-up may be told which day it is.
    if ended.terminated_on not in (today, ended.row["clean_up_run__as_of"]):
        yield "termination_day", {"kept": ended.terminated_on, "wanted": today, "zone": zone}


def _head(ended: Ended, *, quote: Mapping[str, Any]) -> Iterator[Found]:
    row = ended.row
    wanted = {
        "subscription": str(row["subscription__uuid"]),
        "organisation": str(row["organisation__uuid"]),
        "on": row["terminated_on"].isoformat(),
        "case": row["case"],
        "currency": row["currency"],
        "anchor": row["subscription__started_on"].day,
    }
    for name, value in wanted.items():
        if name in quote and quote[name] != value:
            yield "quote_head", {"name": name, "kept": quote[name], "wanted": value}
    if "why" in quote and quote["why"] != row["nothing_reason"]:
        yield "quote_head", {"name": "why", "kept": quote["why"], "wanted": row["nothing_reason"]}
    for name in ("subscription", "on", "terms"):
        if name not in quote:
            yield "quote_head", {"name": name, "kept": "nothing", "wanted": wanted.get(name, "there")}


def _terms(ended: Ended, *, quote: Mapping[str, Any]) -> Iterator[Found]:
    terms, config = quote["terms"], ended.config
    if config is None:
        yield "quote_terms", {"name": "version", "kept": terms["version"], "version": "none", "wanted": "nothing"}
        return
    fee = config.fee_for(ended.row["currency"])
    wanted = {
        "version": config.number,
        "termination_method": config.termination_method,
        "allow_refund": config.allow_refund,
        "refund_method": config.refund_method,
        "full_refund_days": config.full_refund_days,
        "reactivation_days": config.reactivation_days,
        "fee": None if fee is None else money.format_amount(fee, currency=ended.row["currency"]),
    }
    for name, value in wanted.items():
        if terms[name] != value:
            said = {"name": name, "kept": terms[name], "version": config.number}
            yield "quote_terms", {**said, "wanted": value}


def _computed(ended: Ended, *, quote: Mapping[str, Any]) -> Iterator[Found]:
    """Compute the lines and the sums again from the charges as they are, and what was paid then."""
    kept = quote.get("lines", [])
    is_expired = quote["case"] == "expired"
    if not kept and is_expired and lines.schema_of(quote):
        # Nothing comes back of what has expired: since quotes have a number, they may leave the lines out.
        return
    yield from _present(ended, kept=kept)
    if not kept or ended.facts is None:
        return
    currency = ended.row["currency"]
    charges = {charge["line_id"]: charge for line in kept for charge in line["charges"]}
    facts = replace(
        ended.facts,
        cycles=tuple(
            replace(cycle, charges=tuple(_as_then(charge, charges) for charge in cycle.charges))
            for cycle in ended.facts.cycles
        ),
    )
    terms = quote["terms"]
    fee = terms["fee"]
    policy = policies.RefundPolicy(
        method=terms["refund_method"],
        full_refund_days=terms["full_refund_days"],
        fee=None if fee is None else Decimal(fee),
    )
    refund = policies.refund(facts, on=date.fromisoformat(quote["on"]), policy=policy, is_expired_case=is_expired)
    wanted = {line["starts_on"]: line for line in lines.written(refund, currency=currency)}
    for line in kept:
        again = wanted.get(line["starts_on"])
        if again is None:
            continue
        yield from _line(line, again=again, schema=lines.schema_of(quote))
    yield from _sums(quote, refund=refund, currency=currency)


def _as_then(charge: policies.ChargeFacts, kept: Mapping[int, Mapping[str, Any]]) -> policies.ChargeFacts:
    """Give a charge with what was paid and given back of it when it was quoted."""
    then = kept.get(charge.line_id)
    if then is None:
        return replace(charge, is_live=False)
    # Nothing of a subscription's charges is waived before it ends.
    return replace(
        charge, paid=Decimal(then["paid"]), credited=Decimal(then["credited"]), waived=_NOTHING, is_live=True
    )


def _present(ended: Ended, *, kept: list[Mapping[str, Any]]) -> Iterator[Found]:
    """See that the quote has the cycles and charges of the subscription, all of them and no others."""
    cycles = ended.facts.cycles if ended.facts else ()
    if ended.facts is None and not kept:
        return
    there = {cycle.first_day.isoformat() for cycle in cycles}
    quoted = {line["starts_on"] for line in kept}
    if there != quoted:
        yield "quote_charges", {"kept": f"cycles from {_list(quoted)}", "wanted": f"cycles from {_list(there)}"}
    live = {charge.line_id for cycle in cycles for charge in cycle.charges if charge.is_live}
    every = {charge.line_id for cycle in cycles for charge in cycle.charges}
    charged = {charge["line_id"] for line in kept for charge in line["charges"]}
    if live - charged or charged - every:
        said = {"kept": f"charges {_list(map(str, charged))}", "wanted": f"charges {_list(map(str, live))}"}
        yield "quote_charges", said


def _line(line: Mapping[str, Any], *, again: Mapping[str, Any], schema: int) -> Iterator[Found]:
    where = f"of the cycle from {line['starts_on']}"
    # Words and what a charge covers came with the numbers of shapes.
    yield from _fields(line, again=again, where=where, without=() if schema else ("reason",))
    charges = {charge["line_id"]: charge for charge in again["charges"]}
    for charge in line["charges"]:
        if charge["line_id"] in charges:
            place = f"of line {charge['line_id']} {where}"
            yield from _fields(charge, again=charges[charge["line_id"]], where=place, without=())


def _fields(
    kept: Mapping[str, Any], *, again: Mapping[str, Any], where: str, without: tuple[str, ...]
) -> Iterator[Found]:
    for name, value in kept.items():
        if name in without or name not in again or name == "charges":
            continue
        if value != again[name]:
            yield "quote_lines", {"name": name, "where": where, "kept": value, "wanted": again[name]}
    for name in _AMOUNTS:
        if name in again and name not in kept:
            yield "quote_lines", {"name": name, "where": where, "kept": "nothing", "wanted": again[name]}


def _sums(quote: Mapping[str, Any], *, refund: policies.Refund, currency: str) -> Iterator[Found]:
    gives = quote["terms"]["allow_refund"] and quote["case"] == "customer_request"
    made = {
        "waived": refund.waived,
        "left": refund.left,
        "refunds": refund.refunds,
        "fee": refund.fee,
        "total": refund.total,
        "to_credits": refund.total if gives else _NOTHING,
    }
    for name in _SUMS:
        wanted = money.format_amount(made[name], currency=currency)
        if quote[name] != wanted:
            yield "quote_sums", {"name": name, "kept": quote[name], "wanted": wanted}


def _applied(ended: Ended, *, quote: Mapping[str, Any]) -> Iterator[Found]:
    """Hold what was written against the quote and the choice."""
    row, terms = ended.row, quote["terms"]
    is_automatic = row["choice"] in ("automatic", "simplified")
    gives_back = is_automatic and terms["allow_refund"]
    charges = {charge["line_id"]: charge for line in quote["lines"] for charge in line["charges"]}
    yield from _settled(ended, quote=quote)
    for kind, kept, wanted in (
        ("quote_refunds", ended.refunds, _parts(charges, gives_back=gives_back)),
        ("quote_waivers", ended.waivers, _waived(charges, gives_back=gives_back)),
    ):
        for line_id in sorted(kept.keys() | wanted.keys()):
            if kept.get(line_id) != wanted.get(line_id):
                said = {"invoice": charges.get(line_id, {}).get("invoice", "unknown"), "line": line_id}
                yield kind, {**said, "kept": _shown(kept.get(line_id)), "wanted": _shown(wanted.get(line_id))}
    holds = gives_back or row["credit_note_id"] is not None
    linked = row["credit_note__number"]
    wanted_off = {
        note["number"] for note in quote["notes"] if note["is_taken_off"] and note["number"] != linked and holds
    }
    if ended.taken_off != wanted_off:
        yield "quote_holds", {"kept": _list(ended.taken_off), "wanted": _list(wanted_off)}
    yield from _stands(ended, quote=quote, charges=charges)


def _settled(ended: Ended, *, quote: Mapping[str, Any]) -> Iterator[Found]:
    row, terms = ended.row, quote["terms"]
    credited = Decimal(quote["to_credits"])
    wanted = "nothing_due"
    if row["choice"] == "credit_note":
        wanted = "credit_note_linked"
    elif credited:
        wanted = "credited"
    if row["choice"] == "none" or row["settlement"] != wanted:
        yield "quote_settlement", {"kept": row["settlement"], "choice": row["choice"], "wanted": wanted}
    # The other way round, a candidate may have opened the choice.
    if row["choice"] == "simplified" and terms["termination_method"] != "simplified":
        yield "quote_settlement", {"kept": row["choice"], "choice": row["choice"], "wanted": "automatic"}
    if row["settlement"] != "credited":
        return
    if row["credited"] != credited:
        yield "quote_settlement", {"kept": row["credited"], "choice": row["choice"], "wanted": credited}
    if row["entry__is_unbilled"] != quote["is_postpaid"]:
        yield "refund_unbilled", {"kept": row["entry__is_unbilled"], "wanted": quote["is_postpaid"]}
    for name, wanted_one in (
        ("day", _day_of_commit(ended)),
        ("instant", row["terminated_at"]),
        ("actor", row["actor"]),
    ):
        told = row[{"day": "entry__on", "instant": "entry__at", "actor": "entry__actor"}[name]]
        if told != wanted_one:
            yield "refund_told", {"name": name, "kept": told, "wanted": wanted_one}


def _day_of_commit(ended: Ended) -> date:
    """Give the day on which money moved: that of a scheduled end is later than its day."""
    zone = ended.row["organisation__timezone"]
    if ended.row["request__ends_on"] and days.is_timezone(zone):
        return days.today_in(zone, at=ended.terminated_at)
    return ended.terminated_on


def _parts(charges: Mapping[int, Mapping[str, Any]], *, gives_back: bool) -> dict[int, tuple[Decimal, Decimal]]:
    return {
        line_id: (Decimal(charge["net"]), Decimal(charge["tax"]))
        for line_id, charge in charges.items()
        if gives_back and Decimal(charge["refund"])
    }


def _waived(charges: Mapping[int, Mapping[str, Any]], *, gives_back: bool) -> dict[int, Decimal]:
    return {
        line_id: Decimal(charge["waived"])
        for line_id, charge in charges.items()
        if gives_back and Decimal(charge["waived"])
    }


def _stands(ended: Ended, *, quote: Mapping[str, Any], charges: Mapping[int, Mapping[str, Any]]) -> Iterator[Found]:
    """See that a note that is the refund stands for what it names no charge for, as far as charges have it left."""
    row = ended.row
    for line_id, (net, tax) in ended.stands.items():
        left = Decimal(charges[line_id]["left"]) if line_id in charges else _NOTHING
        if net + tax > left or row["credit_note_id"] is None:
            said = {"invoice": charges.get(line_id, {}).get("invoice", "unknown"), "line": line_id}
            yield "quote_stands", {**said, "kept": net + tax, "wanted": left}
    if row["credit_note_id"] is None:
        return
    left = Decimal(quote["left"])
    stood = sum((net + tax for net, tax in ended.stands.values()), _NOTHING)
    missing = min(row["credit_note__total"] - ended.named, left) - stood
    if missing > 0:
        said = {"number": row["credit_note__number"], "left": left}
        yield "settled_without_charges", {**said, "missing": missing}


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        return " + ".join(f"{part.normalize():f}" for part in value)
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
