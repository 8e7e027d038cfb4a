"""Work out, in the database, what the staged rows are about: what is known already, and what belongs to what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from portal.lib import days, money
from subscriptions.imports.files import FILES, File

# Where the records of a file are kept (always as k), and by what a staged row (s) is the same record.
KEPT = {
    "organisations": ("customers_organisation k", "k.uuid = s.uuid"),
    "members": (
        "customers_member k JOIN customers_organisation o ON o.id = k.organisation_id",
        "o.uuid = s.organisation_uuid AND k.email = s.email",
    ),
    "plans": ("subscriptions_plan k", "k.sku = s.sku"),
    "contracts": ("subscriptions_contract k", "k.reference = s.reference"),
    "subscriptions": ("subscriptions_subscription k", "k.uuid = s.uuid"),
    "cycles": (
        "subscriptions_cycle k JOIN subscriptions_subscription p ON p.id = k.subscription_id",
        "p.uuid = s.subscription_uuid AND k.first_day = s.starts_on",
    ),
    "numbers": (
        "subscriptions_phonenumber k JOIN subscriptions_subscription p ON p.id = k.subscription_id",
        "p.uuid = s.subscription_uuid AND k.number = s.number",
    ),
    "credit_notes": ("invoicing_creditnote k", "k.number = s.number"),
}

# In the order of locks: subscriptions, their invoices, unused series. Nothing else that is there is changed.
LOCKS = (
    """
    SELECT k.id FROM subscriptions_subscription k
    WHERE k.uuid IN (
        SELECT subscription_uuid FROM import_cycles WHERE known_id IS NULL
        UNION SELECT subscription_uuid FROM import_numbers WHERE known_id IS NULL
        UNION SELECT subscription_uuid FROM import_credit_notes WHERE known_id IS NULL)
    ORDER BY k.id FOR NO KEY UPDATE
    """,
    """
    SELECT i.id FROM invoicing_invoice i
    WHERE i.number IN (SELECT invoice_number FROM import_cycles WHERE known_id IS NULL)
       OR i.id IN (
        SELECT l.invoice_id
        FROM import_credit_notes n
        JOIN subscriptions_subscription p ON p.uuid = n.subscription_uuid
        JOIN subscriptions_cycle c ON c.subscription_id = p.id AND c.first_day = n.cycle_starts_on
        JOIN subscriptions_cyclecharge cc ON cc.cycle_id = c.id
        JOIN invoicing_chargeline l ON l.id = cc.line_id
        WHERE n.known_id IS NULL)
    ORDER BY i.id FOR NO KEY UPDATE
    """,
    # A series in use only goes on, away from what is imported: nobody who draws a number has to wait.
    "SELECT id FROM invoicing_numberseries WHERE last_number = 0 ORDER BY id FOR NO KEY UPDATE",
)

# What staged rows may refer to: the first staged record of a key, or the one the database has. The database
# has the last word about a record that is in both, whatever the portal did to it since.
ALL = {
    "all_organisations": """
        SELECT r.*, c.digits, z.today FROM (
            SELECT u.uuid, k.id, s.line,
                   coalesce(k.currency, s.currency) AS currency, coalesce(k.timezone, s.timezone) AS timezone
            FROM (SELECT uuid FROM import_organisations
                  UNION SELECT organisation_uuid FROM import_members
                  UNION SELECT organisation_uuid FROM import_contracts
                  UNION SELECT organisation_uuid FROM import_subscriptions
                  UNION SELECT organisation_uuid FROM import_credit_notes
                  UNION SELECT o.uuid
                        FROM (SELECT uuid FROM import_subscriptions
                              UNION SELECT subscription_uuid FROM import_cycles
                              UNION SELECT subscription_uuid FROM import_numbers
                              UNION SELECT subscription_uuid FROM import_credit_notes) n
                        JOIN subscriptions_subscription p ON p.uuid = n.uuid
                        JOIN customers_organisation o ON o.id = p.organisation_id) u
            LEFT JOIN (SELECT DISTINCT ON (uuid) * FROM import_organisations ORDER BY uuid, line) s
                   ON s.uuid = u.uuid
            LEFT JOIN customers_organisation k ON k.uuid = u.uuid
            WHERE s.line IS NOT NULL OR k.id IS NOT NULL
        ) r
        LEFT JOIN import_currency c ON c.currency = r.currency
        LEFT JOIN import_zone z ON z.timezone = r.timezone
    """,
    "all_plans": """
        SELECT u.sku, k.id, s.line, coalesce(k.currency, s.currency) AS currency
        FROM (SELECT sku FROM import_plans UNION SELECT sku FROM import_subscriptions) u
        LEFT JOIN (SELECT DISTINCT ON (sku) * FROM import_plans ORDER BY sku, line) s ON s.sku = u.sku
        LEFT JOIN subscriptions_plan k ON k.sku = u.sku
        WHERE s.line IS NOT NULL OR k.id IS NOT NULL
    """,
    "all_contracts": """
        SELECT u.reference, k.id, s.line, coalesce(o.uuid, s.organisation_uuid) AS organisation_uuid
        FROM (SELECT reference FROM import_contracts
              UNION SELECT contract_reference FROM import_subscriptions) u
        LEFT JOIN (SELECT DISTINCT ON (reference) * FROM import_contracts ORDER BY reference, line) s
               ON s.reference = u.reference
        LEFT JOIN subscriptions_contract k ON k.reference = u.reference
        LEFT JOIN customers_organisation o ON o.id = k.organisation_id
        WHERE s.line IS NOT NULL OR k.id IS NOT NULL
    """,
    "all_subscriptions": """
        SELECT r.*, a.currency, a.digits, a.today, extract(day FROM r.started_on)::integer AS anchor FROM (
            SELECT u.uuid, k.id, s.line,
                   coalesce(o.uuid, s.organisation_uuid) AS organisation_uuid,
                   coalesce(k.started_on, s.started_on) AS started_on,
                   CASE WHEN k.id IS NULL THEN s.status = 'terminated'
                        ELSE k.termination_ref IS NOT NULL END AS is_terminated,
                   coalesce(t.terminated_on, s.terminated_on) AS terminated_on
            FROM (SELECT uuid FROM import_subscriptions
                  UNION SELECT subscription_uuid FROM import_cycles
                  UNION SELECT subscription_uuid FROM import_numbers
                  UNION SELECT subscription_uuid FROM import_credit_notes) u
            LEFT JOIN (SELECT DISTINCT ON (uuid) * FROM import_subscriptions ORDER BY uuid, line) s
                   ON s.uuid = u.uuid
            LEFT JOIN subscriptions_subscription k ON k.uuid = u.uuid
            LEFT JOIN subscriptions_termination t ON t.id = k.termination_ref
            LEFT JOIN customers_organisation o ON o.id = k.organisation_id
            WHERE s.line IS NOT NULL OR k.id IS NOT NULL
        ) r
        LEFT JOIN all_organisations a ON a.uuid = r.organisation_uuid
    """,
    # Month boundaries are counted from the anchor, the day of started_on, as portal.lib.days does.
    "all_cycles": """
        SELECT c.*, s.id AS subscription_id, s.line AS subscription_line, s.organisation_uuid, s.started_on,
               s.anchor, s.is_terminated, s.terminated_on, s.currency, s.digits, s.today,
               CASE WHEN s.anchor IS NOT NULL THEN m.month - 1
                    + least(s.anchor, extract(day FROM m.month + interval '1 month - 1 day')::integer)
               END AS day_after
        FROM import_cycles c
        LEFT JOIN all_subscriptions s ON s.uuid = c.subscription_uuid
        CROSS JOIN LATERAL (
            SELECT (date_trunc('month', c.starts_on::timestamp) + make_interval(months => c.months))::date AS month
        ) m
    """,
    # The charge a note names: the plan's of its cycle, staged or known.
    "all_notes": """
        SELECT n.*, o.currency, o.digits, s.uuid AS found_uuid, s.organisation_uuid AS owner_uuid,
               coalesce(k.line_id, c.line) IS NOT NULL AS cycle_found,
               k.line_id, k.charged_uuid, coalesce(k.charged, c.net + c.tax) AS charged,
               coalesce(k.given_back, 0) AS given_back
        FROM import_credit_notes n
        LEFT JOIN all_organisations o ON o.uuid = n.organisation_uuid
        LEFT JOIN all_subscriptions s ON s.uuid = n.subscription_uuid
        LEFT JOIN (SELECT DISTINCT ON (subscription_uuid, starts_on) * FROM all_cycles
                   ORDER BY subscription_uuid, starts_on, line) c
               ON c.subscription_uuid = n.subscription_uuid AND c.starts_on = n.cycle_starts_on
        LEFT JOIN LATERAL (
            SELECT l.id AS line_id, ko.uuid AS charged_uuid, l.net + l.tax AS charged,
                   l.noted + l.waived + l.refunded AS given_back
            FROM subscriptions_cycle kc
            JOIN subscriptions_cyclecharge cc ON cc.cycle_id = kc.id
            JOIN invoicing_chargeline l ON l.id = cc.line_id
            JOIN invoicing_invoice i ON i.id = l.invoice_id
            JOIN customers_organisation ko ON ko.id = i.organisation_id
            WHERE kc.subscription_id = s.id AND kc.first_day = n.cycle_starts_on
            ORDER BY (l.kind = 'plan') DESC, cc.id
            LIMIT 1
        ) k ON true
    """,
}


def match_known(cursor: Any) -> None:
    """Mark the staged rows whose key is known. What they say is not looked at again: equal, or a fault."""
    for file in FILES:
        tables, same = KEPT[file.name]
        cursor.execute(f"UPDATE {file.table} s SET known_id = k.id FROM {tables} WHERE {same}")  # noqa: S608
        cursor.execute(f"ANALYZE {file.table}")


def lock(cursor: Any) -> None:
    """Lock what is there already and will be added to, so that what is checked stays true."""
    for statement in LOCKS:
        cursor.execute(f"SELECT count(*) FROM ({statement}) locked")  # noqa: S608 - from the statements above


def resolve(cursor: Any, *, at: datetime) -> None:
    """Gather what staged rows may refer to. Today is each organisation's own, at the import's instant."""
    _table(cursor, "import_zone (timezone text PRIMARY KEY, today date NOT NULL)")
    _table(cursor, "import_currency (currency text PRIMARY KEY, digits integer NOT NULL)")
    zones = _distinct(cursor, "timezone")
    currencies = _distinct(cursor, "currency")
    if zones:
        today = ((name, days.today_in(name, at=at)) for name in zones if days.is_timezone(name))
        cursor.executemany("INSERT INTO import_zone VALUES (%s, %s)", list(today))
    if currencies:
        digits = ((code, money.minor_digits(code)) for code in currencies if money.is_currency(code))
        cursor.executemany("INSERT INTO import_currency VALUES (%s, %s)", list(digits))
    for name, query in ALL.items():
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS {query}")
        cursor.execute(f"ANALYZE {name}")
    cursor.execute("CREATE INDEX ON all_cycles (subscription_uuid, line)")


def counts(cursor: Any, file: File) -> tuple[int, int]:
    """Count the new and the unchanged rows of a file."""
    cursor.execute(
        f"SELECT count(*) FILTER (WHERE known_id IS NULL), count(known_id) FROM {file.table}"  # noqa: S608
    )
    new, unchanged = cursor.fetchone()
    return new, unchanged


def _table(cursor: Any, definition: str) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{definition.split()[0]}")
    cursor.execute(f"CREATE TEMPORARY TABLE {definition} ON COMMIT DROP")


def _distinct(cursor: Any, column: str) -> Iterable[str]:
    cursor.execute(
        f"SELECT {column} FROM import_organisations WHERE {column} IS NOT NULL "  # noqa: S608
        f"UNION SELECT {column} FROM customers_organisation"
    )
    return [name for (name,) in cursor.fetchall()]
