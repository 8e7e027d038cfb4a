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
from subscriptions import policies, quotes, selectors

# Said for each subscription by the SQL below; the rest of a document is the same for all of a currency.
_OWN = ("subscription", "organisation", "on", "anchor", "is_postpaid", "lines")

# Nothing comes back: all amounts but these are zero, on a line and on each of its charges.
_SUMS = ("charged", "paid", "credited", "owed")


def _written(value: str) -> str:
    """Write the four sums, each as text in the digits of the currency."""
    return " || ".join(f"""',"{name}":"' || {value.format(name=name)} || '"'""" for name in _SUMS)


# Put together as text and parsed once per subscription: building each object as jsonb takes a third longer. Each
# amount is rounded before it is summed, as the refund policy does.
_LINES = f"""
(SELECT '[' || coalesce(string_agg(
            '{{"starts_on":' || to_json(c.first_day) || ',"ends_on":' || to_json(c.day_after - 1)
            || {_written("round(coalesce(k.{name}, 0), q.digits)")}
            || q.line_zeros || ',"reason":"expired","charges":[' || coalesce(k.charges, '') || ']}}',
            ',' ORDER BY c.first_day, c.id), '') || ']'
 FROM subscriptions_cycle c
 CROSS JOIN LATERAL (
     SELECT {", ".join(f"sum(a.{name}) AS {name}" for name in _SUMS)},
            string_agg(
                '{{"line_id":' || g.line_id || ',"invoice":' || to_json(i.number)
                || {_written("a.{name}")} || q.charge_zeros || '}}',
                ',' ORDER BY g.first_day, g.line_id) AS charges
     FROM subscriptions_cyclecharge g
     JOIN invoicing_chargeline l ON l.id = g.line_id
     JOIN invoicing_invoice i ON i.id = l.invoice_id
     CROSS JOIN LATERAL (
         SELECT round(l.net + l.tax, q.digits) AS charged, round(l.paid, q.digits) AS paid,
                round(l.noted + l.refunded, q.digits) AS credited,
                round(greatest(0, round(l.net + l.tax, q.digits) - round(l.paid, q.digits)
                                  - round(l.waived, q.digits)), q.digits) AS owed
     ) a
     WHERE g.cycle_id = c.id AND i.status NOT IN ('draft', 'void')
       AND l.kind NOT IN ({", ".join(f"'{kind}'" for kind in sorted(selectors.NEVER_REFUNDED))})
 ) k
 WHERE c.subscription_id = s.id)
"""  # noqa: S608 - built from constants

# Joined to `s` (subscription), `o` (its organisation) and `f` (with its `today`).
TERMS = """
JOIN unnest(%(currencies)s::varchar[], %(digits)s::int[], %(same)s::jsonb[], %(line_zeros)s::text[],
            %(charge_zeros)s::text[])
    AS q(currency, digits, same, line_zeros, charge_zeros) ON q.currency = s.currency
"""

DOCUMENT = f"""
q.same || jsonb_build_object(
    'subscription', s.uuid, 'organisation', o.uuid, 'on', f.today,
    'anchor', extract(day FROM s.started_on)::int, 'is_postpaid', o.payment_mode = 'postpaid',
    'lines', {_LINES}::jsonb)
"""


def parameters(currencies: Iterable[str], *, config: Config) -> dict[str, Any]:
    """Give what `TERMS` and `DOCUMENT` need for subscriptions of these currencies.

    *Raises*: money.UnknownCurrency.
    """
    found = sorted(set(currencies))
    return {
        "currencies": found,
        "same": [json.dumps(_same(currency, config=config)) for currency in found],
        "digits": [money.minor_digits(currency) for currency in found],
        "line_zeros": [_zeros(quotes.LINE_AMOUNTS, currency=currency) for currency in found],
        "charge_zeros": [_zeros(quotes.CHARGE_AMOUNTS, currency=currency) for currency in found],
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
            notes=(),
        )
    )
    return {name: value for name, value in document.items() if name not in _OWN}
