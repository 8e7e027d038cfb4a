"""What the portal knows of plans, contracts, subscriptions and documents, for the rows that are about them.

The database has the last word about a record that is in both, whatever the portal did to it since.
"""

from __future__ import annotations

from portal.importing.shapes import Aside, Kept

_OWNER = "(SELECT o.uuid FROM customers_organisation o WHERE o.id = k.organisation_id)"
_CHARGE = (
    "(SELECT {} FROM subscriptions_cyclecharge cc JOIN invoicing_chargeline l ON l.id = cc.line_id "
    "JOIN invoicing_invoice i ON i.id = l.invoice_id WHERE cc.cycle_id = k.id "
    "ORDER BY (l.kind = 'plan') DESC, cc.id LIMIT 1)"
)
_CONTRACT = (
    "(SELECT c.reference FROM subscriptions_contractitem t JOIN subscriptions_contract c ON c.id = t.contract_id "
    "WHERE t.subscription_id = k.id)"
)
_ENDED = "(SELECT t.{} FROM subscriptions_termination t WHERE t.id = k.termination_ref)"
_NAMED = (
    "(SELECT {} FROM invoicing_creditnoteline n JOIN subscriptions_cyclecharge cc ON cc.line_id = n.line_id "
    "JOIN subscriptions_cycle c ON c.id = cc.cycle_id "
    "JOIN subscriptions_subscription p ON p.id = c.subscription_id "
    "WHERE n.credit_note_id = k.id LIMIT 1)"
)

# Ended by an agent, the night or a request: what was imported as ended is no news to whoever sends the files.
_ENDED_HERE = """
    SELECT p.id, p.uuid, 'the subscription ended here on ' || to_char(t.terminated_on, 'YYYY-MM-DD')
                         || ' and never changes again' AS why
    FROM subscriptions_subscription p JOIN subscriptions_termination t ON t.id = p.termination_ref
    WHERE t.actor_kind <> 'import'
"""


def _aside(column: str, *, what_to_do: str) -> Aside:
    return Aside(column, f"{_ENDED_HERE} AND p.uuid = s.{column}", what_to_do)


def _all_plans(keys: str) -> str:
    return f"""
        SELECT u.sku, k.id, s.line, coalesce(k.currency, s.currency) AS currency
        FROM ({keys}) u
        LEFT JOIN (SELECT DISTINCT ON (sku) * FROM import_plans ORDER BY sku, line) s ON s.sku = u.sku
        LEFT JOIN subscriptions_plan k ON k.sku = u.sku
        WHERE s.line IS NOT NULL OR k.id IS NOT NULL
    """  # noqa: S608 - from the declarations


def _all_contracts(keys: str) -> str:
    return f"""
        SELECT u.reference, k.id, s.line, coalesce(o.uuid, s.organisation_uuid) AS organisation_uuid
        FROM ({keys}) u
        LEFT JOIN (SELECT DISTINCT ON (reference) * FROM import_contracts ORDER BY reference, line) s
               ON s.reference = u.reference
        LEFT JOIN subscriptions_contract k ON k.reference = u.reference
        LEFT JOIN customers_organisation o ON o.id = k.organisation_id
        WHERE s.line IS NOT NULL OR k.id IS NOT NULL
    """  # noqa: S608 - from the declarations


def _all_subscriptions(keys: str) -> str:
    return f"""
        SELECT r.*, a.currency, a.digits, a.today, extract(day FROM r.started_on)::integer AS anchor FROM (
            SELECT u.uuid, k.id, s.line,
                   coalesce(o.uuid, s.organisation_uuid) AS organisation_uuid,
                   coalesce(k.started_on, s.started_on) AS started_on,
                   CASE WHEN k.id IS NULL THEN s.status = 'terminated'
                        ELSE k.termination_ref IS NOT NULL END AS is_terminated,
                   coalesce(t.terminated_on, s.terminated_on) AS terminated_on
            FROM ({keys}) u
            LEFT JOIN (SELECT DISTINCT ON (uuid) * FROM import_subscriptions ORDER BY uuid, line) s
                   ON s.uuid = u.uuid
            LEFT JOIN subscriptions_subscription k ON k.uuid = u.uuid
            LEFT JOIN subscriptions_termination t ON t.id = k.termination_ref
            LEFT JOIN customers_organisation o ON o.id = k.organisation_id
            WHERE s.line IS NOT NULL OR k.id IS NOT NULL
        ) r
        LEFT JOIN all_organisations a ON a.uuid = r.organisation_uuid
    """  # noqa: S608 - from the declarations


# Month boundaries are counted from the anchor, the day of started_on, as portal.lib.days does.
_ALL_CYCLES = """
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
"""

# The charge a note names: the plan's of its cycle, staged or known.
_ALL_CREDIT_NOTES = """
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
"""

PLANS = Kept(
    tables="subscriptions_plan k",
    same="k.sku = s.sku",
    now={
        "product": "(SELECT p.name FROM subscriptions_product p WHERE p.id = k.product_id)",
        "name": "k.name",
        "currency": "k.currency",
        "price_per_month": "k.price_per_month",
    },
    everything=_all_plans,
)
CONTRACTS = Kept(
    tables="subscriptions_contract k",
    same="k.reference = s.reference",
    now={
        "organisation_uuid": _OWNER,
        "billing_plan": "k.billing_plan",
        "starts_on": "k.starts_on",
        "ends_on": "k.ends_on",
        "status": "k.status",
    },
    everything=_all_contracts,
)
SUBSCRIPTIONS = Kept(
    tables="subscriptions_subscription k",
    same="k.uuid = s.uuid",
    now={
        "organisation_uuid": _OWNER,
        "sku": "(SELECT p.sku FROM subscriptions_plan p WHERE p.id = k.plan_id)",
        "started_on": "k.started_on",
        # What has ended renews no more, whatever its row said.
        "auto_renew": "CASE WHEN k.termination_ref IS NULL THEN k.auto_renew ELSE s.auto_renew END",
        "trial": "k.is_trial",
        "contract_reference": _CONTRACT,
        "expires_on": "k.expires_on",
        "terminated_on": _ENDED.format("terminated_on"),
        "termination_reason": _ENDED.format("explanation"),
    },
    silent_if_empty=("contract_reference", "expires_on"),
    aside=_aside("uuid", what_to_do="end the subscription in the system that the file comes from"),
    everything=_all_subscriptions,
)
CYCLES = Kept(
    tables="subscriptions_cycle k JOIN subscriptions_subscription p ON p.id = k.subscription_id",
    same="p.uuid = s.subscription_uuid AND k.first_day = s.starts_on",
    now={
        "months": "k.months",
        "net": _CHARGE.format("l.net"),
        "tax": _CHARGE.format("l.tax"),
        "paid": _CHARGE.format("l.paid"),
        "invoice_number": _CHARGE.format("i.number"),
        "invoice_issued_on": _CHARGE.format("i.issued_on"),
        "external_invoice": _CHARGE.format("cc.is_external_invoice"),
    },
    silent_if_empty=("invoice_issued_on",),
    aside=_aside(
        "subscription_uuid",
        what_to_do="end the subscription in the system that the file comes from, and give its charge back there",
    ),
    everything=_ALL_CYCLES,
    indexes=("subscription_uuid, line",),
)
NUMBERS = Kept(
    tables="subscriptions_phonenumber k JOIN subscriptions_subscription p ON p.id = k.subscription_id",
    same="p.uuid = s.subscription_uuid AND k.number = s.number",
    now={"ported_in": "k.is_ported_in"},
    aside=_aside("subscription_uuid", what_to_do="end the subscription in the system that the file comes from"),
)
CREDIT_NOTES = Kept(
    tables="invoicing_creditnote k",
    same="k.number = s.number",
    now={
        "organisation_uuid": _OWNER,
        "net": "k.net",
        "tax": "k.tax",
        "status": "k.status",
        "issued_on": "k.issued_on",
        "subscription_uuid": _NAMED.format("p.uuid"),
        "cycle_starts_on": _NAMED.format("c.first_day"),
    },
    silent_if_empty=("issued_on",),
    aside=_aside("subscription_uuid", what_to_do="write the note in the portal, or leave the row out"),
    everything=_ALL_CREDIT_NOTES,
)

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
