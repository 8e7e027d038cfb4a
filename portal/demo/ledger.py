"""Once every movement of Available Credits is known: top up what they would not cover, and put them in order."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from invoicing.models import Invoice
from portal.demo import documents
from portal.demo.book import ACTOR, ZERO, Book
from portal.lib import days


def top_up(book: Book) -> None:
    """Give prepaid organisations the top-ups that their charges need, each with its invoice."""
    for account in book.accounts.values():
        organisation = account.organisation
        floor = -account.credit_limit
        balance = ZERO
        for movement in sorted(book.movements[organisation.uuid], key=lambda movement: movement.at):
            if movement.amount < 0 and organisation.payment_mode == "prepaid" and balance + movement.amount < floor:
                at = movement.at - timedelta(minutes=30)
                amount = _round_up(floor - balance - movement.amount * 3)
                invoice = documents.add_invoice(book, organisation, on=at.date(), kind="top_up")
                invoice.created_at = at
                documents.add_line(
                    book,
                    invoice,
                    kind="other",
                    description="Top-up of Available Credits",
                    net=amount,
                    tax=ZERO,
                )
                documents.pay(book, invoice, on=at.date(), method="card")
                book.move(
                    organisation,
                    amount,
                    kind="top_up",
                    at=at,
                    description="Top-up {}",
                    cause_id=invoice.uuid,
                )
                balance += amount
            balance += movement.amount


def movements(book: Book) -> list[dict[str, Any]]:
    """Give every movement in the order of time within its account. *Shape*: `customers.writer.MOVEMENTS`.

    Organisations have their keys by now, documents their numbers.
    """
    number_of: dict[uuid.UUID | None, str] = {invoice.uuid: invoice.number for invoice in book.of(Invoice)}
    moved = [
        (account.organisation, movement)
        for account in book.accounts.values()
        for movement in sorted(book.movements[account.organisation.uuid], key=lambda movement: movement.at)
    ]
    return [
        {
            "organisation_id": organisation.pk,
            "place": place,
            "amount": movement.amount,
            "kind": movement.kind,
            "cause_id": movement.cause_id,
            "is_unbilled": False,
            "at": movement.at,
            "on": days.today_in(organisation.timezone, at=movement.at),
            "description": movement.description.format(number_of.get(movement.cause_id, "")),
            "actor": ACTOR,
        }
        for place, (organisation, movement) in enumerate(moved)
    ]


def _round_up(amount: Decimal) -> Decimal:
    """Round a top-up up to two leading digits, as people do."""
    step = Decimal(10) ** max(0, amount.adjusted() - 1)
    return -(-amount // step) * step
