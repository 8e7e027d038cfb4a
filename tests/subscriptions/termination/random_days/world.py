"""The small world that every random day starts from, and its model."""

import csv
import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from customers.contacts import operations as contacts
from customers.models import Organisation
from invoicing.models import ChargeLine
from portal.frame import Actor
from portal.importing import run as importing
from settings_app import operations as settings_operations
from settings_app import policies as settings_policies
from settings_app import selectors as settings_selectors
from subscriptions.models import Subscription
from tests.subscriptions.termination.model import Model
from tests.subscriptions.termination.model_rows import ZERO, Charge, Sub
from tests.support import factories
from tests.support.factories import C

CUSTOMER = uuid.UUID(int=7)
# The phone number that imports bring for each subscription.
NUMBERS = {name: f"+653123000{place}" for place, name in enumerate(("long", "short", "past", "yearly", "plain"))}
CONTACTS = ("Lim Trading", "owner@lim.example", "billing@lim.example", "L-1")


@dataclasses.dataclass
class World:
    """What every example starts from: the model, and its keys in the database."""

    model: Model
    account_id: int
    organisation_uuid: uuid.UUID
    lines: dict[str, int]
    invoices: dict[str, uuid.UUID]
    subs: dict[str, uuid.UUID]
    people: tuple[Actor, Actor]
    directory: Path


def build_world(make_user: Callable[..., Any], directory: Path) -> World:
    """Five subscriptions of one imported customer on 10 February 2026, and an invoice of no cycle."""
    people = (Actor.of(make_user("agent")), Actor.of(make_user("billing")))
    _renew_here_and_tell(people[0])
    write_organisation(directory, CONTACTS)
    importing.import_directory(directory, at=dt.datetime(2026, 2, 10, 9, 0, tzinfo=dt.UTC))
    organisation = Organisation.objects.get(uuid=CUSTOMER)
    cycles = {
        "long": (
            C("2026-01-01", net="50", tax="4.50"),
            C("2026-02-01", months=3, net="149.99", tax="13.50", paid="100"),
            C("2026-05-01", net="50", tax="4.50"),
        ),
        "short": (C("2026-02-01", net="10", tax="0.90", paid="0"), C("2026-03-01", net="10", tax="0.90")),
        "past": (C("2026-01-01", net="33.33", tax="3"),),
        "yearly": (C("2026-02-01", months=12, net="600", tax="54", paid="300.01"),),
        "plain": (C("2026-02-01", net="20", tax="1.80"),),
    }
    charges: dict[str, Charge] = {}
    lines: dict[str, ChargeLine] = {}
    subs: dict[str, Subscription] = {}
    for name, wanted in cycles.items():
        subs[name] = factories.subscription(organisation=organisation, cycles=wanted, auto_renew=name == "short")
        for place, cycle in enumerate(wanted):
            key = f"{name}{place}"
            lines[key] = factories.charge_of(subs[name], cycle.first_day)
            net, tax = Decimal(cycle.net), Decimal(cycle.tax)
            charges[key] = Charge(
                sub=name,
                first_day=dt.date.fromisoformat(cycle.first_day),
                months=cycle.months,
                net=net,
                tax=tax,
                paid=net + tax if cycle.paid is None else Decimal(cycle.paid),
                charged_on=dt.date.fromisoformat(cycle.first_day),
            )
    lines["other"] = factories.invoice(organisation, amounts=[("80", "0")], paid=["0"]).lines.get()
    charges["other"] = Charge("", dt.date(2026, 1, 1), 1, Decimal(80), ZERO, ZERO)
    model = Model(
        today=dt.date(2026, 2, 10),
        charges=charges,
        subs={name: Sub(sub.expires_on, auto_renew=sub.auto_renew) for name, sub in subs.items()},
        entries=[("opening_balance", Decimal(100))],
        config={
            "simplified": False,
            "allow_refund": True,
            "refund_method": "remaining_months",
            "full_refund_days": 14,
            "reactivation_days": 28,
            "fee": None,
            "here": True,
        },
        contacts=CONTACTS,
        imported=CONTACTS,
    )
    return World(
        model=model,
        account_id=organisation.credit_account.pk,
        organisation_uuid=organisation.uuid,
        lines={key: line.pk for key, line in lines.items()},
        invoices={key: line.invoice.uuid for key, line in lines.items()},
        subs={name: sub.uuid for name, sub in subs.items()},
        people=people,
        directory=directory,
    )


def _renew_here_and_tell(by: Actor) -> None:
    current = settings_selectors.current_config()
    known = {f.name: getattr(current, f.name) for f in dataclasses.fields(settings_policies.Values)}
    settings_operations.save_config(
        values=settings_policies.Values(**{**known, "renewals_are_made_here": True, "notify_customers": True}),
        seen_version=current.number,
        by=by,
        at=dt.datetime(2026, 2, 9, 9, 0, tzinfo=dt.UTC),
    )


def write_organisation(directory: Path, said: tuple[str, str, str, str]) -> None:
    """Write the row of the customer with these contacts."""
    with (directory / "organisations.csv").open("w") as file:
        csv.writer(file).writerows(
            [
                ("uuid", "country", "currency", "timezone", "opening_balance", *contacts.LABELS),
                (CUSTOMER, "SG", "SGD", "Asia/Singapore", "100", *said),
            ]
        )
