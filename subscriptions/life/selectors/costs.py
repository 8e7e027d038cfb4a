"""What next cycles cost: the sums of `policies.next_cycle`, in SQL for thousands, and its facts for one.

A night has what is due in the relation `renewal_due` (`DUE`), what it has for the next cycle in `renewal_charges`
(`CHARGES`): one row for each charge, also where it comes to nothing. *Units*: amounts in whole minor units.
"""

from __future__ import annotations

from portal.lib import days
from settings_app.selectors import tax_rates
from subscriptions.life.selectors import due
from subscriptions.selectors import zones


def month_boundary(day: str, *, months: str, anchor: str) -> str:
    """Write what `days.add_months` computes: boundaries lie on the anchor day, or the last day of short months."""
    month = f"(date_trunc('month', {day}::timestamp) + make_interval(months => {months}))"
    last = f"extract(day FROM {month} + interval '1 month' - interval '1 day')"
    return f"({month}::date + least({anchor}, {last})::int - 1)"


_NEXT = month_boundary("c.day_after", months="c.months", anchor="extract(day FROM s.started_on)")

# One row for each subscription that is tried; `why` and `data` say why it fails, but for money and tax.
DUE = f"""
SELECT s.id, s.uuid, s.organisation_id, s.currency, s.plan_id, p.name AS plan, s.expires_on, o.today,
       o.uuid AS organisation, w.name, w.billing_email, w.owner_email, w.country, w.is_tax_exempt,
       w.payment_mode = 'postpaid' AS is_postpaid, c.months, coalesce(c.day_after, s.expires_on + 1) AS first_day,
       n.day_after, (%(digits)s::jsonb ->> s.currency)::int AS digits, f.why, f.data
FROM subscriptions_subscription s {zones.TODAY} {due.LAST_CYCLE} {due.CONTRACT}
CROSS JOIN LATERAL (SELECT * FROM customers_organisation w WHERE w.id = s.organisation_id OFFSET 0) w
JOIN subscriptions_plan p ON p.id = s.plan_id
CROSS JOIN LATERAL (SELECT {_NEXT} AS day_after) n
CROSS JOIN LATERAL (
    SELECT x.billing_plan = 'as_incurred' AND n.day_after - 1 > x.ends_on AS passes
) y
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.status <> 'active' THEN 'organisation_suspended'
                WHEN c.id IS NULL THEN 'no_cycle_known'
                WHEN y.passes THEN 'passes_its_contract'
                WHEN (%(digits)s::jsonb ->> s.currency) IS NULL THEN 'unknown_currency' END AS why
) z
CROSS JOIN LATERAL (
    SELECT z.why, CASE z.why
        WHEN 'passes_its_contract'
        THEN jsonb_build_object('contract_ends_on', x.ends_on, 'last_day', n.day_after - 1)
        WHEN 'unknown_currency' THEN jsonb_build_object('currency', s.currency)
        WHEN 'organisation_suspended' THEN '{{}}' WHEN 'no_cycle_known' THEN '{{}}' END AS data
) f
WHERE s.id = ANY(%(ids)s::bigint[]) AND {due.TRIED}
ORDER BY s.organisation_id, s.expires_on, s.id
"""  # noqa: S608 - built from constants


# The charge `l` of a thing `t` that covered the cycle `c` whole and was no addition.
_CHARGE = """subscriptions_cyclecharge g
        JOIN invoicing_chargeline l ON l.id = g.line_id JOIN invoicing_invoice i ON i.id = l.invoice_id"""
_COVERS = """g.first_day = c.first_day AND g.day_after = c.day_after AND NOT g.is_addition
          AND i.status NOT IN ('draft', 'void') AND l.kind = t.kind"""
_SAYS = "l.net, l.tax, c.months, coalesce(i.issued_on, g.first_day) AS charged_on"

# The last charge of a plan: cycle by cycle, so that no more are read than up to the one that has it.
_LAST_OF_PLAN = f"""LEFT JOIN LATERAL (
        SELECT b.* FROM subscriptions_cycle c CROSS JOIN LATERAL (
            SELECT {_SAYS} FROM {_CHARGE}
            WHERE g.cycle_id = c.id AND {_COVERS} AND coalesce(g.plan_id, t.key) = t.key
            ORDER BY l.id DESC LIMIT 1) b
        WHERE c.subscription_id = d.id ORDER BY c.first_day DESC LIMIT 1
    ) b ON true"""  # noqa: S608 - built from constants


def _last_charge(its: str) -> str:
    """Write the join with the last charge of a thing that has charges of its own."""
    return f"""LEFT JOIN LATERAL (
        SELECT {_SAYS} FROM {_CHARGE} JOIN subscriptions_cycle c ON c.id = g.cycle_id
        WHERE c.subscription_id = d.id AND {_COVERS} AND {its}
        ORDER BY c.first_day DESC, l.id DESC LIMIT 1
    ) b ON true"""  # noqa: S608 - built from constants


_BEFORE = "b.net AS before_net, b.tax AS before_tax, b.months AS before_months, b.charged_on"

THINGS = f"""
SELECT d.id, 1 AS place, t.kind, t.key, t.name, t.price, {_BEFORE}
FROM {{due}} d
JOIN LATERAL (SELECT 'plan' AS kind, k.id AS key, k.name, k.price_per_month AS price
              FROM subscriptions_plan k WHERE k.id = d.plan_id) t ON true
{_LAST_OF_PLAN}
UNION ALL
SELECT d.id, 2, t.kind, t.key, t.name, t.price, {_BEFORE}
FROM {{due}} d
JOIN LATERAL (SELECT 'add_on' AS kind, a.id AS key, 'Add-on: ' || a.name AS name, a.price_per_month AS price
              FROM subscriptions_addon a WHERE a.subscription_id = d.id OFFSET 0) t ON true
{_last_charge("g.add_on_id = t.key")}
UNION ALL
SELECT d.id, 3, t.kind, t.key, t.name, NULL, {_BEFORE}
FROM {{due}} d
JOIN LATERAL (SELECT 'number' AS kind, n.id AS key, 'Number ' || n.number AS name
              FROM subscriptions_phonenumber n WHERE n.subscription_id = d.id AND n.status = 'in_use' OFFSET 0) t
    ON true
{_last_charge("g.number_id = t.key")}
"""  # noqa: S608 - built from constants


def _share(amount: str) -> str:
    """Write a share of what was charged before, half up, without a division that rounds by itself."""
    return (
        f"round(div(2 * {amount} * d.months * power(10::numeric, d.digits) + t.before_months, 2 * t.before_months)"
        " / power(10::numeric, d.digits), d.digits)"
    )


def _taxed(net: str, rate: str) -> str:
    return f"round({net} * {rate}.per_cent * 0.01, d.digits)"


def charges(relation: str) -> str:
    """Write the query of what is charged for each thing of what is due; the tax is NULL where a rate is missing.

    *Shape*: `relation` is one of `DUE`.
    """
    return f"""
    SELECT d.id, t.place, t.kind, t.key, t.name, n.net,
           CASE WHEN d.is_tax_exempt THEN 0
                WHEN t.before_net IS NOT NULL AND (t.before_tax = {_taxed("t.before_net", "was")}) IS NOT TRUE
                     AND coalesce(rate.begins_on <= t.charged_on, true) THEN {_share("t.before_tax")}
                WHEN n.net = 0 THEN 0
                ELSE {_taxed("n.net", "rate")} END AS tax
    FROM ({THINGS.format(due=relation)}) t JOIN {relation} d ON d.id = t.id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN t.before_net IS NOT NULL THEN {_share("t.before_net")}
                    ELSE round(t.price * d.months, d.digits) END AS net) n
    {tax_rates.lateral("rate", country="d.country", day="d.today")}
    {tax_rates.lateral("was", country="d.country", day="t.charged_on")}
    WHERE d.why IS NULL AND n.net IS NOT NULL
    """  # noqa: S608 - built from constants


def described(name: str, *, first_day: str, day_after: str) -> str:
    """Write how a charge is described: the thing, and the days of its cycle."""
    day = "to_char({}, 'FMDD FMMonth YYYY')"
    return f"{name} || ', ' || {day.format(first_day)} || ' to ' || {day.format(f'{day_after} - 1')}"


def description_of(name: str, *, span: days.Span) -> str:
    """Describe a charge as `described` does in SQL."""
    return f"{name}, {days.display_range(span)}"
