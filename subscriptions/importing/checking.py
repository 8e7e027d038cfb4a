"""Find what is wrong between rows and against the database. Each check is one query: line, sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from subscriptions.importing import columns, known, values
from subscriptions.importing.columns import FILES, File
from subscriptions.importing.faults import MOST_SHOWN, Fault, Faults


@dataclass(frozen=True)
class Check:
    """One kind of fault. *Shape*: `needs` are files that must be readable, else nobody can say."""

    file: File
    column: str
    query: str
    needs: tuple[File, ...] = field(default=())


def check(cursor: Any, *, faults: Faults, unreadable: set[str]) -> None:
    """Add the faults between rows and against the database."""
    for item in (*_keys(), *_references(), *_decimals(), *CHECKS):
        if any(file.name in unreadable for file in item.needs):
            continue
        cursor.execute(
            f"SELECT line, sentence, count(*) OVER () FROM ({item.query}) f (line, sentence) "  # noqa: S608
            f"ORDER BY line LIMIT {MOST_SHOWN}"
        )
        found = cursor.fetchall()
        if not found:
            continue
        place = FILES.index(item.file)
        order = next(n for n, column in enumerate(item.file.columns) if column.name == item.column)
        faults.add_first(
            (Fault(place, line, order, item.file.csv, item.column, sentence) for line, sentence, _ in found),
            count=found[0][2],
        )


def _keys() -> Iterator[Check]:
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
        tables, same = known.KEPT[file.name]
        yield Check(
            file,
            file.faulted,
            f"""
            SELECT s.line, CASE WHEN k.row_sha256 = ''
                THEN 'the portal has this record already, and not from an import, expected another key'
                ELSE 'the row differs from what was imported before under its key, '
                     'expected the same row or another key' END
            FROM {file.table} s, {tables}
            WHERE {same} AND s.sha256 IS NOT NULL AND k.row_sha256 <> s.sha256
            """,  # noqa: S608
        )


def _references() -> Iterator[Check]:
    organisations, plans, contracts = columns.ORGANISATIONS, columns.PLANS, columns.CONTRACTS
    subscriptions = columns.SUBSCRIPTIONS
    for file, name, target, key, home in (
        (columns.MEMBERS, "organisation_uuid", "all_organisations", "uuid", organisations),
        (contracts, "organisation_uuid", "all_organisations", "uuid", organisations),
        (subscriptions, "organisation_uuid", "all_organisations", "uuid", organisations),
        (subscriptions, "sku", "all_plans", "sku", plans),
        (subscriptions, "contract_reference", "all_contracts", "reference", contracts),
        (columns.CYCLES, "subscription_uuid", "all_subscriptions", "uuid", subscriptions),
        (columns.NUMBERS, "subscription_uuid", "all_subscriptions", "uuid", subscriptions),
        (columns.CREDIT_NOTES, "organisation_uuid", "all_organisations", "uuid", organisations),
        (columns.CREDIT_NOTES, "subscription_uuid", "all_subscriptions", "uuid", subscriptions),
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


def _decimals() -> Iterator[Check]:
    for file, table, names in (
        (columns.CYCLES, "all_cycles", ("net", "tax", "paid", "activation_fee")),
        (columns.CREDIT_NOTES, "all_notes", ("net", "tax")),
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


def _beyond_series(table: str, column: str, document: str) -> str:
    """Find numbers that a series in use would come to draw one day."""
    return f"""
        SELECT s.line, format('%s is of the form of the portal''s own series, which stands at %s, '
                              'expected another number', s.{column}, n.last_number)
        FROM {table} s JOIN invoicing_numberseries n ON n.document = '{document}' AND n.last_number > 0
        WHERE s.known_id IS NULL AND {of_form(f"s.{column}", "n")} > n.last_number
    """  # noqa: S608


def of_form(number: str, series: str) -> str:
    """Write the SQL of a number's place in a series; NULL when it is not of the series' form."""
    rest = f"substr({number}, length({series}.prefix) + 1)"
    return (
        f"(CASE WHEN starts_with({number}, {series}.prefix) AND length({rest}) = {series}.length "
        f"AND {rest} ~ '^[0-9]{{1,18}}$' THEN {rest}::bigint END)"
    )


_SPAN = "to_char({0}.starts_on, 'YYYY-MM-DD'), to_char({0}.day_after - 1, 'YYYY-MM-DD')"

CHECKS = (
    Check(
        columns.SUBSCRIPTIONS,
        "sku",
        """
        SELECT s.line, format('the plan is in %s, expected %s, the currency of the organisation',
                              p.currency, o.currency)
        FROM import_subscriptions s
        JOIN all_plans p ON p.sku = s.sku
        JOIN all_organisations o ON o.uuid = s.organisation_uuid
        WHERE s.known_id IS NULL AND p.currency <> o.currency
        """,
    ),
    Check(
        columns.SUBSCRIPTIONS,
        "contract_reference",
        """
        SELECT s.line, format('"%s" is a contract of another organisation, expected one of its own',
                              s.contract_reference)
        FROM import_subscriptions s JOIN all_contracts c ON c.reference = s.contract_reference
        WHERE s.known_id IS NULL AND c.organisation_uuid <> s.organisation_uuid
        """,
    ),
    Check(
        columns.SUBSCRIPTIONS,
        "terminated_on",
        """
        SELECT s.line, format('%s is after today, expected %s, today in %s, or earlier',
                              s.terminated_on, o.today, o.timezone)
        FROM import_subscriptions s JOIN all_organisations o ON o.uuid = s.organisation_uuid
        WHERE s.known_id IS NULL AND s.terminated_on > o.today
        """,
    ),
    Check(
        columns.SUBSCRIPTIONS,
        "started_on",
        """
        SELECT c.subscription_line,
               format('%s is after the first cycle, expected %s or earlier (line %s of cycles.csv)',
                      min(c.started_on), min(c.starts_on), (array_agg(c.line ORDER BY c.starts_on, c.line))[1])
        FROM all_cycles c
        WHERE c.known_id IS NULL AND c.starts_on < c.started_on AND c.subscription_line IS NOT NULL
        GROUP BY c.subscription_line
        """,
    ),
    Check(
        columns.SUBSCRIPTIONS,
        "expires_on",
        """
        SELECT s.line, 'missing, expected a date, because there are no cycles'
        FROM import_subscriptions s
        WHERE s.known_id IS NULL AND s.expires_on IS NULL
          AND NOT coalesce('expires_on' = ANY(s.wrong), false)
          AND NOT EXISTS (SELECT FROM import_cycles c WHERE c.subscription_uuid = s.uuid)
        """,
        needs=(columns.CYCLES,),
    ),
    Check(
        columns.SUBSCRIPTIONS,
        "expires_on",
        """
        SELECT s.line, format('%s differs from the cycles, expected %s, the last day of the last one',
                              s.expires_on, c.last_day)
        FROM import_subscriptions s
        JOIN (SELECT subscription_uuid, max(day_after) - 1 AS last_day FROM all_cycles
              GROUP BY subscription_uuid HAVING bool_and(day_after IS NOT NULL)) c ON c.subscription_uuid = s.uuid
        WHERE s.known_id IS NULL AND s.expires_on <> c.last_day
        """,
    ),
    Check(
        columns.CYCLES,
        "subscription_uuid",
        """
        SELECT line, format('the subscription was terminated on %s and never changes again, '
                            'expected no further cycle', terminated_on)
        FROM all_cycles WHERE known_id IS NULL AND subscription_id IS NOT NULL AND is_terminated
        """,
    ),
    Check(
        columns.CYCLES,
        "starts_on",
        """
        SELECT line, format('%s is before the subscription started, expected %s or later', starts_on, started_on)
        FROM all_cycles WHERE known_id IS NULL AND starts_on < started_on AND subscription_line IS NULL
        """,
    ),
    Check(
        columns.CYCLES,
        "starts_on",
        """
        SELECT line, format('%s is not on the anchor day, expected day %s of the month%s', starts_on, anchor,
                            CASE WHEN anchor > 28 THEN ', or the last day of a shorter one' ELSE '' END)
        FROM all_cycles
        WHERE known_id IS NULL AND extract(day FROM starts_on) <> least(anchor, extract(day FROM
              date_trunc('month', starts_on::timestamp) + interval '1 month - 1 day'))
          AND anchor IS NOT NULL
        """,
    ),
    Check(
        columns.CYCLES,
        "months",
        f"""
        SELECT line, format('the cycle ends on %s, expected {values.LATEST_END} or earlier', day_after - 1)
        FROM all_cycles WHERE known_id IS NULL AND day_after - 1 > '{values.LATEST_END}'
        """,  # noqa: S608
    ),
    Check(
        columns.CYCLES,
        "starts_on",
        f"""
        SELECT c.line, format('overlaps the cycle of line %s (%s to %s), expected cycles that share no day',
                              e.line, {_SPAN.format("e")})
        FROM (SELECT DISTINCT subscription_uuid FROM (
                SELECT subscription_uuid, starts_on,
                       max(day_after) OVER (PARTITION BY subscription_uuid ORDER BY starts_on, line
                                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier_end
                FROM all_cycles WHERE known_id IS NULL) w
              WHERE starts_on < earlier_end) suspect
        JOIN all_cycles c USING (subscription_uuid)
        CROSS JOIN LATERAL (
            SELECT e.line, e.starts_on, e.day_after FROM all_cycles e
            WHERE e.subscription_uuid = c.subscription_uuid AND e.line < c.line AND e.known_id IS NULL
              AND e.starts_on <> c.starts_on AND e.starts_on < c.day_after AND c.starts_on < e.day_after
            ORDER BY e.line LIMIT 1
        ) e
        WHERE c.known_id IS NULL
        """,  # noqa: S608
    ),
    Check(
        columns.CYCLES,
        "starts_on",
        """
        SELECT c.line, format('overlaps the cycle %s to %s that the portal has%s, '
                              'expected cycles that share no day',
                              k.first_day, k.day_after - 1, ' (line ' || min(e.line) || ')')
        FROM all_cycles c
        JOIN subscriptions_cycle k ON k.subscription_id = c.subscription_id
             AND k.first_day < c.day_after AND c.starts_on < k.day_after AND k.first_day <> c.starts_on
        LEFT JOIN all_cycles e ON e.known_id = k.id
        WHERE c.known_id IS NULL
        GROUP BY c.line, k.id
        """,
    ),
    Check(
        columns.CYCLES,
        "invoice_number",
        """
        SELECT line, format('"%s" is the invoice of another organisation in line %s, expected one organisation',
                            invoice_number, first_line)
        FROM (SELECT line, invoice_number, organisation_uuid,
                     first_value(line) OVER w AS first_line, first_value(organisation_uuid) OVER w AS first_uuid
              FROM all_cycles
              WHERE known_id IS NULL AND invoice_number IS NOT NULL AND organisation_uuid IS NOT NULL
              WINDOW w AS (PARTITION BY invoice_number ORDER BY line)) f
        WHERE organisation_uuid <> first_uuid
        """,
    ),
    Check(
        columns.CYCLES,
        "invoice_number",
        """
        SELECT c.line, format('"%s" %s, expected another number', c.invoice_number,
                CASE WHEN i.series_id IS NOT NULL THEN 'is an invoice that the portal made'
                     WHEN o.uuid <> c.organisation_uuid THEN 'is an invoice of another organisation'
                     ELSE 'is an invoice that is ' || i.status END)
        FROM all_cycles c
        JOIN invoicing_invoice i ON i.number = c.invoice_number
        JOIN customers_organisation o ON o.id = i.organisation_id
        WHERE c.known_id IS NULL AND (i.series_id IS NOT NULL OR o.uuid <> c.organisation_uuid
                                      OR i.status IN ('draft', 'void'))
        """,
    ),
    Check(
        columns.CYCLES,
        "invoice_number",
        _beyond_series("all_cycles", "invoice_number", "invoice"),
    ),
    Check(
        columns.CYCLES,
        "invoice_number",
        f"""
        SELECT line, format('the invoice "%s" adds up to more than any amount, expected at most {columns.LARGEST}',
                            invoice_number)
        FROM (SELECT c.line, c.invoice_number, coalesce(i.charged, 0)
                     + sum(c.net + c.tax + c.activation_fee) OVER (PARTITION BY c.invoice_number ORDER BY c.line)
                     AS charged
              FROM all_cycles c LEFT JOIN invoicing_invoice i ON i.number = c.invoice_number
              WHERE c.known_id IS NULL) s
        WHERE charged > {columns.LARGEST}
        """,  # noqa: S608
    ),
    Check(
        columns.CYCLES,
        "invoice_issued_on",
        """
        SELECT line, format('%s differs from %s, the date of invoice "%s" in line %s, expected one date',
                            invoice_issued_on, first_on, invoice_number, first_line)
        FROM (SELECT line, invoice_number, invoice_issued_on,
                     first_value(line) OVER w AS first_line, first_value(invoice_issued_on) OVER w AS first_on
              FROM all_cycles
              WHERE known_id IS NULL AND invoice_number IS NOT NULL AND invoice_issued_on IS NOT NULL
              WINDOW w AS (PARTITION BY invoice_number ORDER BY line)) f
        WHERE invoice_issued_on <> first_on
        """,
    ),
    Check(
        columns.CYCLES,
        "invoice_issued_on",
        """
        SELECT c.line, format('%s differs from %s, the date of invoice "%s" in the portal, expected one date',
                              c.invoice_issued_on, i.issued_on, i.number)
        FROM all_cycles c JOIN invoicing_invoice i ON i.number = c.invoice_number
        WHERE c.known_id IS NULL AND c.invoice_issued_on <> i.issued_on
        """,
    ),
    Check(
        columns.NUMBERS,
        "number",
        """
        SELECT line, format('%s is on another subscription in line %s, expected one that is not terminated',
                            number, first_line)
        FROM (SELECT n.line, n.number, n.subscription_uuid,
                     first_value(n.line) OVER w AS first_line,
                     first_value(n.subscription_uuid) OVER w AS first_uuid
              FROM import_numbers n JOIN all_subscriptions s ON s.uuid = n.subscription_uuid
              WHERE n.known_id IS NULL AND n.number IS NOT NULL AND NOT s.is_terminated
              WINDOW w AS (PARTITION BY n.number ORDER BY n.line)) f
        WHERE subscription_uuid <> first_uuid
        """,
    ),
    Check(
        columns.NUMBERS,
        "number",
        """
        SELECT n.line, format('%s serves the subscription %s already%s, expected one that is not terminated',
                              n.number, kp.uuid, ' (line ' || min(e.line) || ')')
        FROM import_numbers n
        JOIN all_subscriptions s ON s.uuid = n.subscription_uuid
        JOIN subscriptions_phonenumber k ON k.number = n.number AND k.status = 'in_use'
        JOIN subscriptions_subscription kp ON kp.id = k.subscription_id AND kp.uuid <> n.subscription_uuid
        LEFT JOIN import_numbers e ON e.known_id = k.id
        WHERE n.known_id IS NULL AND NOT s.is_terminated
        GROUP BY n.line, n.number, kp.uuid
        """,
    ),
    Check(
        columns.CREDIT_NOTES,
        "number",
        _beyond_series("all_notes", "number", "credit_note"),
    ),
    Check(
        columns.CREDIT_NOTES,
        "subscription_uuid",
        """
        SELECT line, format('"%s" is a subscription of another organisation, expected one of its own',
                            subscription_uuid)
        FROM all_notes WHERE known_id IS NULL AND owner_uuid <> organisation_uuid
        """,
    ),
    Check(
        columns.CREDIT_NOTES,
        "cycle_starts_on",
        """
        SELECT line, format('the subscription has no cycle that begins on %s, expected the first day of one',
                            cycle_starts_on)
        FROM all_notes
        WHERE known_id IS NULL AND found_uuid IS NOT NULL AND cycle_starts_on IS NOT NULL AND NOT cycle_found
        """,
        needs=(columns.CYCLES,),
    ),
    Check(
        columns.CREDIT_NOTES,
        "cycle_starts_on",
        """
        SELECT line, 'the cycle was invoiced to another organisation, expected an invoice of its own'
        FROM all_notes
        WHERE known_id IS NULL AND owner_uuid = organisation_uuid AND charged_uuid <> organisation_uuid
        """,
    ),
    Check(
        columns.CREDIT_NOTES,
        "net",
        """
        SELECT line, format('with this note %s is given back of the cycle%s, expected at most the %s '
                            'it was charged',
                            given, CASE WHEN first_line < line
                                        THEN format(' (since line %s)', first_line) ELSE '' END, charged)
        FROM (SELECT line, charged, first_value(line) OVER w AS first_line,
                     given_back + sum(net + tax) OVER w AS given
              FROM all_notes
              WHERE known_id IS NULL AND status IN ('sent', 'applied') AND charged IS NOT NULL
              WINDOW w AS (PARTITION BY subscription_uuid, cycle_starts_on ORDER BY line)) n
        WHERE given > charged
        """,
    ),
)
