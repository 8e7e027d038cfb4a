"""The previews of many expired subscriptions at once, as SQL: the same document as `quotes.document` writes.

What is equal for all of a currency comes from the one function that writes documents; SQL adds whose it is, and
the lines. Nothing comes back of an expired subscription, so that a line only says what was charged, paid, given
back before and stays owed. A test compares both ways over the demo.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from portal.lib import money
from settings_app.selectors import Config
from subscriptions import lines, policies, quotes, selectors

# Said for each subscription by the SQL below; the rest of a document is the same for all of a currency.
_OWN = ("subscription", "organisation", "on", "anchor", "is_postpaid", "lines")

# Nothing comes back: all amounts but these are zero, on a line and on each of its charges.
_SUMS = ("charged", "paid", "credited", "owed")


def _written(value: str) -> str:
    """Write the four sums, each as text in the digits of the currency."""
    return " || ".join(f"""',"{name}":"' || {value.format(name=name)} || '"'""" for name in _SUMS)


# Joined to what has a `currency`.
_TERMS = """
JOIN unnest(%(currencies)s::varchar[], %(digits)s::int[], %(same)s::text[], %(line_zeros)s::text[],
            %(charge_zeros)s::text[])
    AS q(currency, digits, same, line_zeros, charge_zeros) ON q.currency =
"""

# A document is put together as text and parsed once: built of jsonb it takes half as long again. All of a batch go
# through the steps together, which beats a subquery for each: an array of ids is one walk along an index, where a
# nested loop would descend into it for each row. Nobody can tell PostgreSQL how long such an array will be, so
# whoever runs this keeps it from nested loops. Each amount is rounded before it is summed, as the policy does.
LINES = f"""
WITH due AS MATERIALIZED (
    SELECT s.id, s.uuid, s.organisation_id, s.currency, s.started_on, f.today
    FROM unnest(%(subscriptions)s::bigint[], %(todays)s::date[]) AS f(id, today)
    JOIN subscriptions_subscription s ON s.id = f.id
    WHERE s.id = ANY(%(subscriptions)s::bigint[])
), cycles AS MATERIALIZED (
    SELECT c.id, c.subscription_id, c.first_day, c.day_after, d.currency, q.digits
    FROM subscriptions_cycle c JOIN due d ON d.id = c.subscription_id
    {_TERMS} d.currency
    WHERE c.subscription_id = ANY(%(subscriptions)s::bigint[])
), placed AS MATERIALIZED (
    SELECT cycle_id, line_id, first_day FROM subscriptions_cyclecharge
    WHERE cycle_id = ANY(ARRAY(SELECT id FROM cycles))
), billed AS MATERIALIZED (
    SELECT id, invoice_id, net, tax, paid, noted, refunded, waived FROM invoicing_chargeline
    WHERE id = ANY(ARRAY(SELECT line_id FROM placed))
      AND kind NOT IN ({", ".join(f"'{kind}'" for kind in sorted(selectors.NEVER_REFUNDED))})
), invoices AS MATERIALIZED (
    SELECT id, number FROM invoicing_invoice
    WHERE id = ANY(ARRAY(SELECT invoice_id FROM billed)) AND status NOT IN ('draft', 'void')
), charges AS (
    SELECT c.id AS cycle_id, c.currency, g.line_id, g.first_day, i.number,
           round(l.net + l.tax, c.digits) AS charged, round(l.paid, c.digits) AS paid,
           round(l.noted + l.refunded, c.digits) AS credited,
           round(greatest(0, round(l.net + l.tax, c.digits) - round(l.paid, c.digits)
                             - round(l.waived, c.digits)), c.digits) AS owed
    FROM cycles c
    JOIN placed g ON g.cycle_id = c.id
    JOIN billed l ON l.id = g.line_id
    JOIN invoices i ON i.id = l.invoice_id
    -- Otherwise each amount would be computed again wherever it is named.
    OFFSET 0
), charged AS (
    SELECT a.cycle_id, {", ".join(f"sum(a.{name}) AS {name}" for name in _SUMS)},
           string_agg(
               '{{"line_id":' || a.line_id || ',"invoice":' || to_json(a.number)
               || {_written("a.{name}")} || q.charge_zeros || '}}',
               ',' ORDER BY a.first_day, a.line_id) AS charges
    FROM charges a {_TERMS} a.currency
    GROUP BY a.cycle_id
), lines AS (
    SELECT c.subscription_id,
           string_agg(
               '{{"starts_on":' || to_json(c.first_day) || ',"ends_on":' || to_json(c.day_after - 1)
               || {_written("coalesce(k.{name}, round(0, c.digits))")}
               || q.line_zeros || ',"reason":"expired","charges":[' || coalesce(k.charges, '') || ']}}',
               ',' ORDER BY c.first_day, c.id) AS lines
    FROM cycles c {_TERMS} c.currency
    LEFT JOIN charged k ON k.cycle_id = c.id
    GROUP BY c.subscription_id
)
"""  # noqa: S608 - built from constants

# Each subscription, its organisation and its lines, after `LINES`.
SOURCE = f"""
FROM due s
JOIN customers_organisation o ON o.id = s.organisation_id AND o.id = ANY(ARRAY(SELECT organisation_id FROM due))
{_TERMS} s.currency
LEFT JOIN lines n ON n.subscription_id = s.id
"""  # noqa: S608 - built from constants

DOCUMENT = """
(q.same || ',"subscription":"' || s.uuid || '","organisation":"' || o.uuid || '","on":' || to_json(s.today)
 || ',"anchor":' || extract(day FROM s.started_on) || ',"is_postpaid":' || to_json(o.payment_mode = 'postpaid')
 || ',"lines":[' || coalesce(n.lines, '') || ']}')::jsonb
"""


def parameters(currencies: Iterable[str], *, config: Config) -> dict[str, Any]:
    """Give what `LINES`, `SOURCE` and `DOCUMENT` need of these currencies, beside `subscriptions` and `todays`.

    *Raises*: money.UnknownCurrency.
    """
    found = sorted(set(currencies))
    return {
        "currencies": found,
        # Without the bracket at its end: each subscription goes on from there.
        "same": [json.dumps(_same(currency, config=config)).removesuffix("}") for currency in found],
        "digits": [money.minor_digits(currency) for currency in found],
        "line_zeros": [_zeros(lines.LINE_AMOUNTS, currency=currency) for currency in found],
        "charge_zeros": [_zeros(lines.CHARGE_AMOUNTS, currency=currency) for currency in found],
    }


def _zeros(names: Iterable[str], *, currency: str) -> str:
    zero = money.format_amount(Decimal(0), currency=currency)
    return "".join(f',"{name}":"{zero}"' for name in names if name not in _SUMS)


def _same(currency: str, *, config: Config) -> dict[str, Any]:
    """Write the document of a subscription without cycles, and leave out what each says for itself."""
    terms = selectors.terms_of(config, currency=currency)
    facts = policies.SubscriptionFacts(currency=currency, anchor=1, is_trial=False, billing_plan=None, cycles=())
    policy = policies.RefundPolicy(
        method=terms.refund_method, full_refund_days=terms.full_refund_days, fee=terms.fee
    )
    nobody = uuid.UUID(int=0)
    document = quotes.document(
        quotes.Quote(
            subscription=nobody,
            organisation=nobody,
            on=date.min,
            case="expired",
            currency=currency,
            anchor=1,
            is_postpaid=False,
            terms=terms,
            refund=policies.refund(facts, on=date.min, policy=policy, is_expired_case=True),
            facts=facts,
        )
    )
    return {name: value for name, value in document.items() if name not in _OWN}
