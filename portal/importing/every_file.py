"""Checks that are alike in several files: keys, what a row refers to, decimals."""

from __future__ import annotations

from collections.abc import Iterator

from subscriptions.imports import files, known
from subscriptions.imports.files import FILES
from subscriptions.imports.series import Check


def keys() -> Iterator[Check]:
    for file in FILES:
        key = ", ".join(file.key)
        given = " AND ".join(f"{name} IS NOT NULL" for name in file.key)
        said = " and ".join(file.key)
        yield Check(
            file,
            file.faulted,
            f"""
            SELECT line, format('the same {said} as in line %s, expected every key once', first)
            FROM (SELECT line, first_value(line) OVER (PARTITION BY {key} ORDER BY line) AS first
                  FROM {file.table} WHERE {given}) d
            WHERE line <> first
            """,  # noqa: S608
        )
        table = known.KEPT[file.name][0].split(" ", 1)[0]
        yield Check(
            file,
            file.faulted,
            f"""
            SELECT s.line, 'the portal has this record already, and not from an import, expected another key'
            FROM {file.table} s JOIN {table} k ON k.id = s.known_id
            WHERE s.sha256 IS NOT NULL AND k.row_sha256 = ''
            """,  # noqa: S608
        )


def references() -> Iterator[Check]:
    organisations, plans, contracts = files.ORGANISATIONS, files.PLANS, files.CONTRACTS
    subscriptions = files.SUBSCRIPTIONS
    for file, name, target, key, home in (
        (files.MEMBERS, "organisation_uuid", "all_organisations", "uuid", organisations),
        (contracts, "organisation_uuid", "all_organisations", "uuid", organisations),
        (subscriptions, "organisation_uuid", "all_organisations", "uuid", organisations),
        (subscriptions, "sku", "all_plans", "sku", plans),
        (subscriptions, "contract_reference", "all_contracts", "reference", contracts),
        (files.CYCLES, "subscription_uuid", "all_subscriptions", "uuid", subscriptions),
        (files.NUMBERS, "subscription_uuid", "all_subscriptions", "uuid", subscriptions),
        (files.CREDIT_NOTES, "organisation_uuid", "all_organisations", "uuid", organisations),
        (files.CREDIT_NOTES, "subscription_uuid", "all_subscriptions", "uuid", subscriptions),
    ):
        yield Check(
            file,
            name,
            f"""
            SELECT s.line, format('"%s" is unknown, expected one of {home.csv} or of the portal', s.{name})
            FROM {file.table} s
            WHERE s.known_id IS NULL AND s.{name} IS NOT NULL
              AND NOT EXISTS (SELECT FROM {target} t WHERE t.{key} = s.{name})
            """,  # noqa: S608
            needs=(home,),
        )


def decimals() -> Iterator[Check]:
    for file, table, names in (
        (files.CYCLES, "all_cycles", ("net", "tax", "paid", "activation_fee")),
        (files.CREDIT_NOTES, "all_notes", ("net", "tax")),
    ):
        for name in names:
            yield Check(
                file,
                name,
                f"""
                SELECT line, format('%s has %s decimals, expected at most the %s of %s',
                                    {name}, scale({name}), digits, currency)
                FROM {table} WHERE known_id IS NULL AND scale({name}) > digits
                """,  # noqa: S608
            )
