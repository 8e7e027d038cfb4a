"""Say in SQL where subscriptions are renewed, as `policies.Values.renews_here` does for one product."""

from __future__ import annotations

import json
from typing import Any

from settings_app import policies


def renews_here(*, product: str) -> str:
    """Write the condition that subscriptions of a product are renewed here. It is never NULL.

    *Shape*: `product` is SQL, the product's name such as "p.name". What else it takes, `parameters` gives.
    """
    return f"coalesce((%(renewals_by_product)s::jsonb ->> {product})::boolean, %(renewals_are_made_here)s::boolean)"


def parameters(values: policies.Values) -> dict[str, Any]:
    """Give the parameters of `renews_here` under settings, which need not be saved."""
    return {
        "renewals_by_product": json.dumps(values.renewals_by_product),
        "renewals_are_made_here": values.renewals_are_made_here,
    }
