"""Write new plans, contracts, subscriptions and numbers, and the terminations of what had ended before."""

from __future__ import annotations

from settings_app import selectors as settings_selectors
from subscriptions import writer
from subscriptions.imports import documents
from subscriptions.termination.writer import terminations

_PLANS = (
    writer.PRODUCTS.over(
        "(SELECT product AS name FROM import_plans WHERE known_id IS NULL GROUP BY product ORDER BY min(line))",
        then="ON CONFLICT (name) DO NOTHING",
    ),
    writer.PLANS.over("""(
    SELECT s.sku, p.id AS product_id, s.name, s.currency, s.price_per_month, s.sha256 AS row_sha256
    FROM import_plans s JOIN subscriptions_product p ON p.name = s.product
    WHERE s.known_id IS NULL ORDER BY s.line)"""),
)

_CONTRACTS = (
    writer.CONTRACTS.over("""(
    SELECT s.reference, o.id AS organisation_id, s.billing_plan, s.status, s.starts_on, s.ends_on,
           s.sha256 AS row_sha256
    FROM import_contracts s JOIN customers_organisation o ON o.uuid = s.organisation_uuid
    WHERE s.known_id IS NULL ORDER BY s.line)"""),
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
    writer.SUBSCRIPTIONS.over("""(
    SELECT uuid, organisation_id, plan_id, currency,
           CASE WHEN termination_id IS NOT NULL THEN 'terminated'
                WHEN last_day >= today THEN 'active' ELSE 'expired' END AS status,
           started_on, last_day AS expires_on, auto_renew AND termination_id IS NULL AS auto_renew,
           trial AS is_trial, termination_id AS termination_ref, sha256 AS row_sha256
    FROM new_subscriptions ORDER BY line)"""),
    terminations.TERMINATIONS.over(f"""(
    SELECT n.termination_id AS id, gen_random_uuid() AS uuid, k.id AS subscription_id, n.organisation_id,
           n.currency, 'ended_before_move' AS "case", r.at AS terminated_at, n.terminated_on,
           'import' AS actor_kind, r.actor, coalesce(n.termination_reason, '') AS explanation,
           '' AS requested_by, '' AS channel, '' AS ticket, 'none' AS choice, 'nothing_due' AS settlement,
           0 AS waived, 'the subscription ended before the move' AS nothing_reason, '[]'::jsonb AS acknowledgements,
           {terminations.NOTHING_ASKED}, {terminations.NOTHING_SETTLED},
           {terminations.TERMINATIONS.nothing("config_version_id", "quote", "clean_up_run_id")}
    FROM new_subscriptions n JOIN subscriptions_subscription k ON k.uuid = n.uuid CROSS JOIN import_run r
    WHERE n.termination_id IS NOT NULL ORDER BY n.line)"""),  # noqa: S608 - columns of the shape
    writer.CONTRACT_ITEMS.over("""(
    SELECT c.id AS contract_id, k.id AS subscription_id, n.terminated_on AS freed_on
    FROM new_subscriptions n
    JOIN subscriptions_subscription k ON k.uuid = n.uuid
    JOIN subscriptions_contract c ON c.reference = n.contract_reference
    ORDER BY n.line)"""),
)

_NUMBERS = (
    writer.PHONE_NUMBERS.over("""(
    SELECT n.number, k.id AS subscription_id, n.ported_in AS is_ported_in, n.sha256 AS row_sha256,
           CASE WHEN NOT a.is_terminated THEN 'in_use' WHEN d.through >= a.today THEN 'reserved' ELSE 'free' END
           AS status,
           CASE WHEN a.is_terminated AND d.through >= a.today THEN d.through END AS reserved_through
    FROM import_numbers n
    JOIN all_subscriptions a ON a.uuid = n.subscription_uuid
    JOIN subscriptions_subscription k ON k.uuid = n.subscription_uuid
    CROSS JOIN import_run r
    CROSS JOIN LATERAL (SELECT a.terminated_on + CASE WHEN n.ported_in
        THEN r.reserved_days_ported_in ELSE r.reserved_days END AS through) d
    WHERE n.known_id IS NULL ORDER BY n.line)"""),
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
