"""Write the new rows, set by set. Beside the writer of terminations this is the only place that makes any.

Every statement reads the staged rows that are not known yet; what the rows refer to is there by then.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from portal.audit.operations import IMPORT
from settings_app import selectors as settings_selectors
from subscriptions.imports.series import of_form

_RUN = """
    CREATE TEMPORARY TABLE import_run ON COMMIT DROP AS
    SELECT %s::timestamptz AS at, %s::text AS actor, %s::int AS reserved_days, %s::int AS reserved_days_ported_in
"""

_ORGANISATIONS = (
    """
    INSERT INTO customers_organisation
        (uuid, name, status, country, currency, timezone, payment_mode, owner_email, billing_email,
         customer_reference, created_on, row_sha256)
    SELECT uuid, name, status, country, currency, timezone, payment_mode, coalesce(owner_email, ''),
           coalesce(billing_email, ''), coalesce(customer_reference, ''), created_on, sha256
    FROM import_organisations WHERE known_id IS NULL ORDER BY line
    """,
    """
    CREATE TEMPORARY TABLE new_organisations ON COMMIT DROP AS
    SELECT k.id, a.today, s.* FROM import_organisations s
    JOIN customers_organisation k ON k.uuid = s.uuid
    JOIN all_organisations a ON a.uuid = s.uuid
    WHERE s.known_id IS NULL
    """,
    # The account's balance and head follow its first entry.
    """
    INSERT INTO customers_creditaccount (organisation_id, currency, balance, credit_limit, reserved)
    SELECT id, currency, 0, credit_limit, 0 FROM new_organisations ORDER BY line
    """,
    """
    INSERT INTO customers_ledgerentry
        (account_id, seq, currency, before, amount, after, kind, is_unbilled, at, "on", description, actor)
    SELECT a.id, 1, n.currency, 0, n.opening_balance, n.opening_balance, 'opening_balance', false, r.at, n.today,
           'Opening balance', r.actor
    FROM new_organisations n JOIN customers_creditaccount a ON a.organisation_id = n.id CROSS JOIN import_run r
    WHERE n.opening_balance <> 0 ORDER BY n.line
    """,
)

_MEMBERS = (
    """
    INSERT INTO customers_member (organisation_id, email, name, role, row_sha256)
    SELECT o.id, s.email, s.name, s.role, s.sha256
    FROM import_members s JOIN customers_organisation o ON o.uuid = s.organisation_uuid
    WHERE s.known_id IS NULL ORDER BY s.line
    """,
)

_PLANS = (
    """
    INSERT INTO subscriptions_product (name)
    SELECT product FROM import_plans WHERE known_id IS NULL GROUP BY product ORDER BY min(line)
    ON CONFLICT (name) DO NOTHING
    """,
    """
    INSERT INTO subscriptions_plan (sku, product_id, name, currency, price_per_month, row_sha256)
    SELECT s.sku, p.id, s.name, s.currency, s.price_per_month, s.sha256
    FROM import_plans s JOIN subscriptions_product p ON p.name = s.product
    WHERE s.known_id IS NULL ORDER BY s.line
    """,
)

_CONTRACTS = (
    """
    INSERT INTO subscriptions_contract
        (reference, organisation_id, billing_plan, status, starts_on, ends_on, row_sha256)
    SELECT s.reference, o.id, s.billing_plan, s.status, s.starts_on, s.ends_on, s.sha256
    FROM import_contracts s JOIN customers_organisation o ON o.uuid = s.organisation_uuid
    WHERE s.known_id IS NULL ORDER BY s.line
    """,
)

_SUBSCRIPTIONS = (
    # What is stored is what the facts say; subscription and termination need each other's id.
    """
    CREATE TEMPORARY TABLE new_subscriptions ON COMMIT DROP AS
    SELECT s.*, o.id AS organisation_id, o.currency, p.id AS plan_id, a.today,
           coalesce(c.last_day, s.expires_on) AS last_day,
           CASE WHEN s.status = 'terminated'
                THEN nextval('subscriptions_termination_id_seq') END AS termination_id
    FROM import_subscriptions s
    JOIN customers_organisation o ON o.uuid = s.organisation_uuid
    JOIN all_organisations a ON a.uuid = s.organisation_uuid
    JOIN subscriptions_plan p ON p.sku = s.sku
    LEFT JOIN (SELECT subscription_uuid, max(day_after) - 1 AS last_day FROM all_cycles GROUP BY 1) c
           ON c.subscription_uuid = s.uuid
    WHERE s.known_id IS NULL
    """,
    """
    INSERT INTO subscriptions_subscription
        (uuid, organisation_id, plan_id, currency, status, started_on, expires_on, auto_renew, is_trial,
         termination_ref, row_sha256)
    SELECT uuid, organisation_id, plan_id, currency,
           CASE WHEN termination_id IS NOT NULL THEN 'terminated'
                WHEN last_day >= today THEN 'active' ELSE 'expired' END,
           started_on, last_day, auto_renew AND termination_id IS NULL, trial, termination_id, sha256
    FROM new_subscriptions ORDER BY line
    """,
    """
    INSERT INTO subscriptions_termination
        (id, uuid, subscription_id, organisation_id, currency, "case", terminated_at, terminated_on, actor_kind,
         actor, explanation, requested_by, channel, ticket, choice, settlement, waived, nothing_reason,
         acknowledgements)
    SELECT n.termination_id, gen_random_uuid(), k.id, n.organisation_id, n.currency, 'ended_before_move', r.at,
           n.terminated_on, 'import', r.actor, coalesce(n.termination_reason, ''), '', '', '', 'none',
           'nothing_due', 0, 'the subscription ended before the move', '[]'
    FROM new_subscriptions n JOIN subscriptions_subscription k ON k.uuid = n.uuid CROSS JOIN import_run r
    WHERE n.termination_id IS NOT NULL ORDER BY n.line
    """,
    """
    INSERT INTO subscriptions_contractitem (contract_id, subscription_id, freed_on)
    SELECT c.id, k.id, n.terminated_on
    FROM new_subscriptions n
    JOIN subscriptions_subscription k ON k.uuid = n.uuid
    JOIN subscriptions_contract c ON c.reference = n.contract_reference
    ORDER BY n.line
    """,
)

_CYCLES = (
    """
    CREATE TEMPORARY TABLE new_cycles ON COMMIT DROP AS
    SELECT c.*, k.id AS owner_id, k.organisation_id, p.name AS plan,
           nextval('subscriptions_cycle_id_seq') AS cycle_id,
           nextval('invoicing_chargeline_id_seq') AS charge_id,
           CASE WHEN c.activation_fee > 0
                THEN nextval('invoicing_chargeline_id_seq') END AS fee_id
    FROM (SELECT * FROM all_cycles WHERE known_id IS NULL ORDER BY line) c
    JOIN subscriptions_subscription k ON k.uuid = c.subscription_uuid
    JOIN subscriptions_plan p ON p.id = k.plan_id
    """,
    "ANALYZE new_cycles",
    """
    INSERT INTO subscriptions_cycle (id, subscription_id, first_day, day_after, months, row_sha256)
    SELECT cycle_id, owner_id, starts_on, day_after, months, sha256
    FROM new_cycles ORDER BY line
    """,
    """
    CREATE TEMPORARY TABLE new_invoices ON COMMIT DROP AS
    SELECT invoice_number, min(line) AS line, min(organisation_id) AS organisation_id, min(currency) AS currency,
           max(invoice_issued_on) AS issued_on, min(starts_on) AS starts_on, min(today) AS today,
           sum(net + tax + activation_fee) AS charged, sum(paid + activation_fee) AS paid
    FROM new_cycles GROUP BY invoice_number
    """,
    "ANALYZE new_invoices",
    # Rows of one invoice may come in more than one import. What is paid is written at once, on the invoice and its
    # charges, so that the payments below find sums that are right.
    """
    UPDATE invoicing_invoice i
    SET charged = i.charged + n.charged, paid = i.paid + n.paid, issued_on = coalesce(i.issued_on, n.issued_on),
        status = CASE WHEN i.charged + n.charged = i.paid + n.paid + i.waived
                      THEN 'paid' ELSE 'awaiting_payment' END
    FROM new_invoices n WHERE i.number = n.invoice_number
    """,
    """
    INSERT INTO invoicing_invoice
        (uuid, number, organisation_id, currency, kind, status, issued_on, created_at, charged, paid, waived)
    SELECT gen_random_uuid(), n.invoice_number, n.organisation_id, n.currency, 'tax',
           CASE WHEN n.charged = n.paid THEN 'paid' ELSE 'awaiting_payment' END, n.issued_on, r.at, n.charged,
           n.paid, 0
    FROM new_invoices n CROSS JOIN import_run r
    WHERE NOT EXISTS (SELECT FROM invoicing_invoice i WHERE i.number = n.invoice_number)
    ORDER BY n.line
    """,
    """
    INSERT INTO invoicing_chargeline
        (id, invoice_id, currency, kind, description, net, tax, paid, noted, waived, refunded)
    SELECT c.id, i.id, n.currency, c.kind, c.description, c.net, c.tax, c.paid, 0, 0, 0
    FROM new_cycles n
    JOIN invoicing_invoice i ON i.number = n.invoice_number
    CROSS JOIN LATERAL (VALUES
        (n.charge_id, 'plan', n.plan || ', ' || to_char(n.starts_on, 'FMDD FMMonth YYYY') || ' to '
                              || to_char(n.day_after - 1, 'FMDD FMMonth YYYY'), n.net, n.tax, n.paid),
        (n.fee_id, 'activation_fee', 'Activation fee', n.activation_fee, 0, n.activation_fee))
        c (id, kind, description, net, tax, paid)
    WHERE c.id IS NOT NULL ORDER BY c.id
    """,
    """
    INSERT INTO subscriptions_cyclecharge (cycle_id, line_id, first_day, day_after, is_external_invoice)
    SELECT cycle_id, charge_id, starts_on, day_after, external_invoice FROM new_cycles ORDER BY line
    """,
    # One payment of each invoice: what is known is that it was paid, not how often.
    """
    CREATE TEMPORARY TABLE new_payments ON COMMIT DROP AS
    SELECT p.*, nextval('invoicing_payment_id_seq') AS payment_id FROM (
        SELECT i.id AS invoice_id, i.number, i.currency, n.paid AS amount,
               least(coalesce(i.issued_on, n.starts_on), n.today) AS received_on
        FROM new_invoices n JOIN invoicing_invoice i ON i.number = n.invoice_number
        WHERE n.paid > 0 ORDER BY i.id
    ) p
    """,
    """
    INSERT INTO invoicing_payment
        (id, uuid, invoice_id, currency, amount, method, received_on, reference, created_at, actor)
    SELECT p.payment_id, gen_random_uuid(), p.invoice_id, p.currency, p.amount, 'imported', p.received_on, '',
           r.at, r.actor
    FROM new_payments p CROSS JOIN import_run r ORDER BY p.payment_id
    """,
    """
    INSERT INTO invoicing_paymentline (payment_id, line_id, currency, amount)
    SELECT p.payment_id, c.line_id, p.currency, c.amount
    FROM new_cycles n JOIN new_payments p ON p.number = n.invoice_number
    CROSS JOIN LATERAL (VALUES (n.charge_id, n.paid), (n.fee_id, n.activation_fee)) c (line_id, amount)
    WHERE c.line_id IS NOT NULL AND c.amount > 0 ORDER BY c.line_id
    """,
    # A known subscription lives longer with its new cycles.
    """
    UPDATE subscriptions_subscription k
    SET expires_on = c.last_day, status = CASE WHEN c.last_day >= c.today THEN 'active' ELSE 'expired' END
    FROM (SELECT n.subscription_id, min(n.today) AS today,
                 (SELECT max(c.day_after) - 1 FROM subscriptions_cycle c
                  WHERE c.subscription_id = n.subscription_id) AS last_day
          FROM new_cycles n WHERE n.subscription_id IS NOT NULL GROUP BY n.subscription_id) c
    WHERE k.id = c.subscription_id
    """,
)

_NUMBERS = (
    """
    INSERT INTO subscriptions_phonenumber
        (number, subscription_id, is_ported_in, status, reserved_through, row_sha256)
    SELECT n.number, k.id, n.ported_in,
           CASE WHEN NOT a.is_terminated THEN 'in_use' WHEN d.through >= a.today THEN 'reserved' ELSE 'free' END,
           CASE WHEN a.is_terminated AND d.through >= a.today THEN d.through END, n.sha256
    FROM import_numbers n
    JOIN all_subscriptions a ON a.uuid = n.subscription_uuid
    JOIN subscriptions_subscription k ON k.uuid = n.subscription_uuid
    CROSS JOIN import_run r
    CROSS JOIN LATERAL (SELECT a.terminated_on + CASE WHEN n.ported_in
        THEN r.reserved_days_ported_in ELSE r.reserved_days END AS through) d
    WHERE n.known_id IS NULL ORDER BY n.line
    """,
)

# One statement, so that the text made of an organisation's keys is written once. Not ON CONFLICT, which takes twice
# the time.
_SEARCH_KEYS = (
    """
    INSERT INTO customers_searchkey (organisation_id, kind, text)
    SELECT n.id, k.kind, k.text FROM new_organisations n
    CROSS JOIN LATERAL (VALUES ('name', n.folded_name), ('uuid', n.uuid::text),
        ('owner_email', n.folded_owner_email), ('billing_email', n.folded_billing_email),
        ('reference', n.folded_customer_reference)) k (kind, text)
    WHERE k.text <> ''
    UNION ALL
    SELECT DISTINCT k.organisation_id, 'number', n.number
    FROM import_numbers n JOIN subscriptions_subscription k ON k.uuid = n.subscription_uuid
    WHERE n.known_id IS NULL AND NOT EXISTS (
        SELECT FROM customers_searchkey h
        WHERE h.organisation_id = k.organisation_id AND h.kind = 'number' AND h.text = n.number)
    UNION ALL
    SELECT DISTINCT o.id, k.kind, k.text
    FROM import_members m JOIN customers_organisation o ON o.uuid = m.organisation_uuid
    CROSS JOIN LATERAL (VALUES ('member', m.folded_name), ('member_email', m.folded_email)) k (kind, text)
    WHERE m.known_id IS NULL AND k.text <> '' AND NOT EXISTS (
        SELECT FROM customers_searchkey h
        WHERE h.organisation_id = o.id AND h.kind = k.kind AND h.text = k.text)
    ORDER BY 1
    """,
    # What still waits beside an index would be read by every search until somebody sorts it in.
    """
    SELECT portal_sort_in(name::regclass)
    FROM unnest(ARRAY['search_text_trigrams', 'search_text_words', 'search_word_trigrams']) name
    """,
)

_CREDIT_NOTES = (
    """
    INSERT INTO invoicing_creditnote
        (uuid, number, organisation_id, invoice_id, currency, status, reason, net, tax, allocated,
         allocated_outside, holds, issued_on, sent_at, created_at, row_sha256)
    SELECT gen_random_uuid(), n.number, o.id, l.invoice_id, o.currency, n.status, '', n.net, n.tax, a.amount,
           a.amount, 0, n.issued_on,
           CASE WHEN n.status IN ('sent', 'applied')
                THEN least(coalesce(n.issued_on::timestamp AT TIME ZONE 'UTC', r.at), r.at) END,
           r.at, n.sha256
    FROM new_notes n
    JOIN customers_organisation o ON o.uuid = n.organisation_uuid
    LEFT JOIN invoicing_chargeline l ON l.id = n.charge_id
    CROSS JOIN LATERAL (SELECT CASE WHEN n.status = 'applied' THEN n.net + n.tax ELSE 0 END AS amount) a
    CROSS JOIN import_run r
    ORDER BY n.line
    """,
    """
    INSERT INTO invoicing_creditnoteline (credit_note_id, line_id, currency, description, net, tax)
    SELECT k.id, n.charge_id, k.currency, coalesce(l.description, ''), n.net, n.tax
    FROM new_notes n
    JOIN invoicing_creditnote k ON k.number = n.number
    LEFT JOIN invoicing_chargeline l ON l.id = n.charge_id
    ORDER BY n.line
    """,
)

_NUMBERS_SORTED_IN = """
    SELECT portal_sort_in(name::regclass)
    FROM unnest(ARRAY['organisation_reference_parts', 'contract_reference_parts', 'invoice_number_parts',
                      'note_number_parts']) name
"""

_NEW_NOTES = """
    CREATE TEMPORARY TABLE new_notes ON COMMIT DROP AS
    SELECT n.*, coalesce(n.line_id, c.charge_id) AS charge_id
    FROM all_notes n
    LEFT JOIN new_cycles c ON c.subscription_uuid = n.subscription_uuid AND c.starts_on = n.cycle_starts_on
    WHERE n.known_id IS NULL
"""


def _series(document: str, table: str, column: str) -> str:
    """Let a series that is still unused begin above the highest imported number of its form."""
    return f"""
        UPDATE invoicing_numberseries n SET first_number = s.highest + 1
        FROM (SELECT max({of_form(f"d.{column}", "x")}) AS highest
              FROM {table} d JOIN invoicing_numberseries x ON x.document = '{document}') s
        WHERE n.document = '{document}' AND n.last_number = 0 AND n.first_number <= s.highest
    """  # noqa: S608


_STATEMENTS = (
    *_ORGANISATIONS,
    *_MEMBERS,
    *_PLANS,
    *_CONTRACTS,
    *_SUBSCRIPTIONS,
    *_CYCLES,
    *_NUMBERS,
    *_SEARCH_KEYS,
    _NEW_NOTES,
    *_CREDIT_NOTES,
    _series("invoice", "new_cycles", "invoice_number"),
    _series("credit_note", "new_notes", "number"),
    _NUMBERS_SORTED_IN,
)

_INTO = re.compile(r"\s*INSERT INTO (?P<table>\w+)")
_MANY = 1000
"""Fewer are joined quickly in any order."""

_TEMPORARY = (
    "import_run",
    "new_organisations",
    "new_subscriptions",
    "new_cycles",
    "new_invoices",
    "new_payments",
    "new_notes",
)


def load(cursor: Any, *, at: datetime) -> None:
    """Write every new row, inside the operation that checked them."""
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in _TEMPORARY)}")
    config = settings_selectors.current_config()
    cursor.execute(
        _RUN, [at, IMPORT.name, config.number_reservation_days, config.number_reservation_days_ported_in]
    )
    for statement in _STATEMENTS:
        cursor.execute(statement)
        if (written := _INTO.match(statement)) and cursor.rowcount >= _MANY:
            _make_known(cursor, written["table"], rows=cursor.rowcount)


def _make_known(cursor: Any, table: str, *, rows: int) -> None:
    """Let PostgreSQL look at a table of which most is new, before anything is joined with it.

    It may believe that the table is empty: after an import that was broken off it does, and then it compares each
    row with each. Until the end of the transaction nobody else can make it believe so again.
    """
    cursor.execute("SELECT reltuples < %s FROM pg_class WHERE oid = %s::regclass", [rows, table])
    if cursor.fetchone()[0]:
        cursor.execute("SELECT portal_analyze(%s::regclass)", [table])
