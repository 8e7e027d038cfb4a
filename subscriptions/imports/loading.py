"""Write new plans, contracts, subscriptions and numbers. Beside the writer of terminations this is the only place
that makes any.
"""

from __future__ import annotations

from settings_app import selectors as settings_selectors
from subscriptions.imports import documents

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

STATEMENTS = (*_PLANS, *_CONTRACTS, *_SUBSCRIPTIONS, *documents.CYCLES, *_NUMBERS)

# The numbers by which organisations are found from now on.
SEARCH_KEYS = """
    SELECT DISTINCT k.organisation_id, 'number', n.number
    FROM import_numbers n JOIN subscriptions_subscription k ON k.uuid = n.subscription_uuid
    WHERE n.known_id IS NULL AND NOT EXISTS (
        SELECT FROM customers_searchkey h
        WHERE h.organisation_id = k.organisation_id AND h.kind = 'number' AND h.text = n.number)
"""


def reserved_days() -> dict[str, int]:
    """Give how long a number stays reserved."""
    config = settings_selectors.current_config()
    return {
        "reserved_days": config.number_reservation_days,
        "reserved_days_ported_in": config.number_reservation_days_ported_in,
    }
