"""A mixed load: what people and the night do with a few customers, by several threads, for a while."""

from __future__ import annotations

import dataclasses
import random
import time
import uuid
from collections import Counter
from decimal import Decimal

from customers import operations as customers_operations
from customers.models import Organisation
from invoicing import operations as invoicing_operations
from invoicing.models import ChargeLine, CreditNote, Invoice
from portal import frame
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from subscriptions.clean_up.operations import expire
from subscriptions.life import operations as life_operations
from subscriptions.life import refusals as life_refusals
from subscriptions.models import Subscription
from subscriptions.termination import operations as termination_operations
from subscriptions.termination import refusals, requested
from subscriptions.termination.quote import quotes
from tests.support.terminations import preview, request, seen_of, to_confirm


class NothingLeft(Exception):
    """There is nothing of the kind that a verb wants: a quick machine has done it all."""


class Mix:
    """Draw operations by lot and carry them out, as eight people in a hurry would."""

    def __init__(self, *, seed: int, by: frame.Actor, now) -> None:
        self.chance, self.by, self.now = random.Random(seed), by, now
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.failed: list[str] = []

    REFUSALS = (
        refusals.NotTerminable,
        refusals.QuoteChanged,
        refusals.CreditNoteNotUsable,
        refusals.CreditNoteChanged,
        refusals.AcknowledgementMissing,
        life_refusals.HasExpired,
        life_refusals.AlreadySo,
        frame.Refused,
        settings_operations.ConfigChanged,
        NothingLeft,
    )

    def go_on_until(self, end: float) -> None:
        """Carry out each verb once, then by lot until the time is over. A refusal is fine, an error is kept."""
        verbs = {
            self.terminate: 6,
            self.pay: 4,
            self.draft: 4,
            self.send: 4,
            self.allocate: 4,
            self.void: 2,
            self.correct: 2,
            self.clean_up: 1,
            self.save: 1,
            self.renew: 2,
        }
        first = self.chance.sample(list(verbs), len(verbs))
        while first or time.monotonic() < end:
            verb = first.pop() if first else self.chance.choices(list(verbs), weights=list(verbs.values()))[0]
            try:
                verb()
            except self.REFUSALS as refusal:
                self.refused[f"{verb.__name__}: {type(refusal).__name__}"] += 1
            except Exception as error:  # noqa: BLE001 - told by the test with its name
                self.failed.append(f"{verb.__name__}: {type(error).__name__}: {error}")
            else:
                self.done[verb.__name__] += 1

    def _one(self, query):
        # Low numbers more often, so that people meet.
        found = list(query.order_by("pk")[:400])
        if not found:
            raise NothingLeft
        return found[int(len(found) * self.chance.random() ** 2)]

    def terminate(self) -> None:
        made = self._one(Subscription.objects.exclude(status="terminated"))
        quote = preview(made, at=self.now)
        choice: quotes.Choice = quotes.Automatic()
        seen = seen_of(quote)
        if seen.offered and self.chance.random() < 0.4:
            choice = quotes.LinkNote(self.chance.choice(list(seen.offered)), use_now=self.chance.random() < 0.5)
        asked = request() if quote.case == "customer_request" else requested.ExpiredRequest("Long gone.")
        termination_operations.terminate(
            subscription_uuid=made.uuid,
            request=asked,
            choice=choice,
            acknowledged=to_confirm(quote, choice=choice),
            seen=seen,
            by=self.by,
            at=self.now,
        )

    def pay(self) -> None:
        invoice = self._one(Invoice.objects.filter(status="awaiting_payment"))
        invoicing_operations.record_payment(
            invoice_uuid=invoice.uuid,
            amount=Decimal(self.chance.randint(1, 300)) / 100,
            method="card",
            received_on=self.now.date(),
            reference="",
            by_charge={},
            into_credits=Decimal(0),
            is_another=True,
            request_id=uuid.uuid4(),
            by=self.by,
            at=self.now,
        )

    def draft(self) -> None:
        line = self._one(ChargeLine.objects.select_related("invoice"))
        invoicing_operations.create_credit_note(
            invoice_uuid=line.invoice.uuid,
            amounts=[
                invoicing_operations.NoteAmount(
                    line_id=line.pk, net=Decimal(self.chance.randint(1, 900)) / 100, tax=Decimal(0)
                )
            ],
            reason="",
            request_id=uuid.uuid4(),
            by=self.by,
            at=self.now,
        )

    def send(self) -> None:
        note = self._one(CreditNote.objects.filter(status="draft"))
        invoicing_operations.mark_as_sent(
            is_confirmed=False,
            note_uuid=note.uuid,
            reason="Agreed.",
            request_id=uuid.uuid4(),
            by=self.by,
            at=self.now,
        )

    def allocate(self) -> None:
        note = self._one(CreditNote.objects.filter(status__in=("sent", "partly_applied")))
        invoice = self._one(Invoice.objects.filter(status="awaiting_payment", organisation=note.organisation_id))
        invoicing_operations.allocate(
            note_uuid=note.uuid,
            invoice_uuid=invoice.uuid,
            amount=min(note.total - note.allocated, Decimal(self.chance.randint(1, 200)) / 100) or Decimal(1),
            request_id=uuid.uuid4(),
            by=self.by,
            at=self.now,
        )

    def void(self) -> None:
        note = self._one(CreditNote.objects.filter(status__in=("draft", "sent")))
        invoicing_operations.void(
            note_uuid=note.uuid, reason="Agreed.", request_id=uuid.uuid4(), by=self.by, at=self.now
        )

    def correct(self) -> None:
        customers_operations.post_correction(
            organisation_uuid=self._one(Organisation.objects.all()).uuid,
            amount=Decimal(self.chance.choice((-125, 125, 250))) / 100,
            reason="A correction.",
            cause_id=None,
            seen_seq=None,
            request_id=uuid.uuid4(),
            by=self.by,
            at=self.now,
        )

    def clean_up(self) -> None:
        counts = expire.terminate_expired(as_of=None, limit=3, by=frame.SYSTEM, at=self.now, batch_size=2)
        assert not counts.failed, counts

    def save(self) -> None:
        config = settings_selectors.current_config()
        values = {f.name: getattr(config, f.name) for f in dataclasses.fields(settings_policies.Values)}
        if self.chance.random() < 0.3:
            values["allow_refund"] = not config.allow_refund
        else:
            values["provider_name"] = f"Provider {self.chance.random()}"
        settings_operations.save_config(
            values=settings_policies.Values(**values), seen_version=config.number, by=self.by, at=self.now
        )

    def renew(self) -> None:
        made = self._one(Subscription.objects.filter(status="active"))
        life_operations.set_auto_renew(
            subscription_uuid=made.uuid, wanted=self.chance.random() < 0.5, by=self.by, at=self.now
        )
