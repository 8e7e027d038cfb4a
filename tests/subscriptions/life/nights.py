"""Nights of renewals: subscriptions that are due, and what a run made of them."""

import datetime as dt
from decimal import Decimal
from typing import Any

from customers.models import CreditAccount, Organisation
from portal import frame
from settings_app.models import ConfigHead, PortalConfigVersion, TaxRate
from subscriptions.life import operations
from subscriptions.models import Cycle, RenewalRefusal, Subscription
from tests.support import factories
from tests.support.factories import C

TODAY = dt.date(2026, 3, 10)


def made_here(is_it: bool = True, **by_product: bool) -> None:
    """Have renewals made here, or elsewhere; of a product otherwise, with _ for blanks."""
    version = PortalConfigVersion.objects.latest("number")
    version.pk, version.number, version.renewals_are_made_here = None, version.number + 1, is_it
    version.save(force_insert=True)
    for product, is_here in by_product.items():
        version.renewals.create(product=product.replace("_", " "), is_made_here=is_here)
    ConfigHead.objects.filter(id=1).update(version=version)


def taxed(country: str = "SG", per_cent: str = "9", begins_on: str = "2024-01-01") -> TaxRate:
    return TaxRate.objects.create(country=country, name="GST", per_cent=per_cent, begins_on=begins_on)


def organisation(balance: Any = "1000", **fields: Any) -> Organisation:
    return factories.OrganisationFactory.create(account=balance, **fields)


def due(owner: Organisation | None = None, *, months: int = 1, net: str = "50", **fields: Any) -> Subscription:
    """Make a subscription that expires on 14 March 2026, and so renews from the 7th."""
    start = {1: "2026-02-15", 3: "2025-12-15", 12: "2025-03-15"}[months]
    cycles = fields.pop("cycles", (C(start, months=months, net=net),))
    return factories.subscription(
        organisation=owner or organisation(), cycles=cycles, auto_renew=fields.pop("auto_renew", True), **fields
    )


def renew(at: dt.datetime, **options: Any) -> operations.Counts:
    return operations.renew_due(as_of=None, by=frame.SYSTEM, at=at, **options)


def last_cycle(made: Subscription) -> Cycle:
    return Cycle.objects.filter(subscription=made).order_by("-first_day")[0]


def balance(owner: Organisation) -> Decimal:
    return CreditAccount.objects.get(organisation=owner).balance


def why(made: Subscription) -> list[str]:
    return list(RenewalRefusal.objects.filter(subscription=made).order_by("pk").values_list("code", flat=True))
