"""Declare to Portal Config which products there are."""

from __future__ import annotations

from collections.abc import Iterable

from settings_app import products
from subscriptions.models import Product


@products.declare
def names() -> Iterable[str]:
    """Name all products. One query."""
    return Product.objects.order_by("name").values_list("name", flat=True)
