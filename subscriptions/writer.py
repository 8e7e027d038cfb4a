"""How subscriptions come into the portal, with what they are of and what they use.

Their terminations have a writer of their own, in `termination/writer`. *Units*: prices are of one month, net.
"""

from __future__ import annotations

from portal.postgresql.writer import Writer

PRODUCTS = Writer("subscriptions_product", {"name": "varchar"})
PLANS = Writer(
    "subscriptions_plan",
    {
        "sku": "varchar",
        "product_id": "bigint",
        "name": "varchar",
        "currency": "varchar",
        "price_per_month": "numeric",
        "row_sha256": "varchar",
    },
)
CONTRACTS = Writer(
    "subscriptions_contract",
    {
        "reference": "varchar",
        "organisation_id": "bigint",
        "billing_plan": "varchar",
        "status": "varchar",
        "starts_on": "date",
        "ends_on": "date",
        "row_sha256": "varchar",
    },
)
# `expires_on` is the last day of the last cycle. `termination_ref` is the id of the termination of what has ended,
# which may be written later in the transaction.
SUBSCRIPTIONS = Writer(
    "subscriptions_subscription",
    {
        "uuid": "uuid",
        "organisation_id": "bigint",
        "plan_id": "bigint",
        "currency": "varchar",
        "status": "varchar",
        "started_on": "date",
        "expires_on": "date",
        "auto_renew": "boolean",
        "is_trial": "boolean",
        "termination_ref": "bigint",
        "row_sha256": "varchar",
    },
)
ADD_ONS = Writer(
    "subscriptions_addon", {"subscription_id": "bigint", "name": "varchar", "price_per_month": "numeric"}
)
CONTRACT_ITEMS = Writer(
    "subscriptions_contractitem", {"contract_id": "bigint", "subscription_id": "bigint", "freed_on": "date"}
)
PHONE_NUMBERS = Writer(
    "subscriptions_phonenumber",
    {
        "number": "varchar",
        "subscription_id": "bigint",
        "is_ported_in": "boolean",
        "status": "varchar",
        "reserved_through": "date",
        "row_sha256": "varchar",
    },
)
ASSIGNMENTS = Writer(
    "subscriptions_assignment",
    {"subscription_id": "bigint", "member_id": "bigint", "assigned_on": "date", "ended_on": "date"},
)
# Lines of before there were events; only the demo adds any.
HISTORY = Writer(
    "subscriptions_historyentry",
    {
        "subscription_id": "bigint",
        "at": "timestamptz",
        "event": "varchar",
        "description": "text",
        "actor": "varchar",
    },
)
# Half-open: `day_after` is the first day that is not in the cycle.
CYCLES = Writer(
    "subscriptions_cycle",
    {
        "id": "bigint",
        "subscription_id": "bigint",
        "first_day": "date",
        "day_after": "date",
        "months": "integer",
        "row_sha256": "varchar",
    },
)
# Joins a cycle to the invoice line that charged for it, over the days that the charge covers.
CYCLE_CHARGES = Writer(
    "subscriptions_cyclecharge",
    {
        "cycle_id": "bigint",
        "line_id": "bigint",
        "first_day": "date",
        "day_after": "date",
        "is_external_invoice": "boolean",
        "plan_id": "bigint",
        "add_on_id": "bigint",
        "number_id": "bigint",
        "is_addition": "boolean",
    },
    made={
        "is_external_invoice": "coalesce(r.is_external_invoice, false)",
        "is_addition": "coalesce(r.is_addition, false)",
    },
)
# What of a charge an import knows nothing of: which thing of the subscription it is for.
NO_THING = CYCLE_CHARGES.nothing("plan_id", "add_on_id", "number_id", "is_addition")
# Renewals that were refused.
RENEWAL_REFUSALS = Writer(
    "subscriptions_renewalrefusal",
    {
        "subscription_id": "bigint",
        "first_day": "date",
        "tried_on": "date",
        "at": "timestamptz",
        "code": "varchar",
        "data": "jsonb",
        "notice_id": "uuid",
    },
)


def prolong(opened: str) -> str:
    """Write the UPDATE by which subscriptions live as long as their cycles, after new ones were written.

    *Shape*: `opened` is a relation, one row for each subscription: subscription_id bigint, today date, which is the
    one in the organisation's time zone.
    """
    return f"""
    UPDATE subscriptions_subscription k
    SET expires_on = c.last_day, status = CASE WHEN c.last_day >= c.today THEN 'active' ELSE 'expired' END
    FROM (SELECT n.subscription_id, n.today, c.day_after - 1 AS last_day
          FROM {opened} n CROSS JOIN LATERAL (
              SELECT c.day_after FROM subscriptions_cycle c
              WHERE c.subscription_id = n.subscription_id ORDER BY c.first_day DESC LIMIT 1) c) c
    WHERE k.id = c.subscription_id
    """  # noqa: S608 - a relation of the caller's
