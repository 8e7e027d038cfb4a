"""Amounts have no more decimals than the currency of their organisation."""

from __future__ import annotations

from portal.importing.shapes import Check
from subscriptions.imports import files

CHECKS = tuple(
    Check(
        file,
        name,
        f"""
        SELECT line, format('%s has %s decimals, expected at most the %s of %s',
                            {name}, scale({name}), digits, currency)
        FROM {file.all_table} WHERE known_id IS NULL AND scale({name}) > digits
        """,  # noqa: S608
    )
    for file, names in (
        (files.CYCLES, ("net", "tax", "paid", "activation_fee")),
        (files.CREDIT_NOTES, ("net", "tax")),
    )
    for name in names
)
