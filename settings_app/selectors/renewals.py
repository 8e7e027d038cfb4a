"""Say in SQL where subscriptions are renewed, as `policies.Values.renews_here` does for one product."""

from __future__ import annotations


def renews_here(*, version: str, product: str) -> str:
    """Write the condition that subscriptions of a product are renewed here, under a version of Portal Config.

    *Shape*: `version` and `product` are SQL: the key of the version (`Config.version_id`) as a parameter such as
    "%(version_id)s", and the product's name, such as "p.name". The condition is never NULL.
    """
    return f"""
        coalesce(
            (SELECT renewal.is_made_here FROM settings_app_productrenewal renewal
             WHERE renewal.version_id = {version} AND renewal.product = {product}),
            (SELECT config.renewals_are_made_here FROM settings_app_portalconfigversion config
             WHERE config.id = {version}),
            false
        )
    """  # noqa: S608 - put together from what the statement around it names


def renews_as_given(*, by_product: str, others: str, product: str) -> str:
    """Write the same condition for settings that are given, and need not be saved.

    *Shape*: as above; `by_product` is an object as JSON, `others` a boolean: the values of the same names of
    `policies.Values`. The condition is never NULL.
    """
    return f"coalesce(({by_product}::jsonb ->> {product})::boolean, {others})"
