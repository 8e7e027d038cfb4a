"""Read what is open on the charges of many subscriptions at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal

from django.db import connection

from portal.lib import money
from subscriptions.termination.selectors.quoting import NEVER_REFUNDED

# All of a batch go through the steps together: an array of ids is one walk along an index, where a nested loop
# would descend into it for each row. Nobody can tell PostgreSQL how long such an array will be, so this is kept
# from nested loops. Few charges are open, and only these are joined.
_OPEN = f"""
WITH cycles AS MATERIALIZED (
    SELECT id, subscription_id, first_day FROM subscriptions_cycle WHERE subscription_id = ANY(%(subscriptions)s)
), placed AS MATERIALIZED (
    SELECT cycle_id, line_id, first_day FROM subscriptions_cyclecharge
    WHERE cycle_id = ANY(ARRAY(SELECT id FROM cycles))
), open AS MATERIALIZED (
    SELECT id, invoice_id, net + tax AS charged, paid, waived FROM invoicing_chargeline
    WHERE id = ANY(ARRAY(SELECT line_id FROM placed)) AND net + tax > paid + waived
      AND kind NOT IN ({", ".join(f"'{kind}'" for kind in sorted(NEVER_REFUNDED))})
), invoices AS MATERIALIZED (
    SELECT id, number FROM invoicing_invoice
    WHERE id = ANY(ARRAY(SELECT invoice_id FROM open)) AND status NOT IN ('draft', 'void')
)
SELECT c.subscription_id, i.number, l.charged, l.paid, l.waived
FROM cycles c
JOIN placed g ON g.cycle_id = c.id
JOIN open l ON l.id = g.line_id
JOIN invoices i ON i.id = l.invoice_id
ORDER BY c.subscription_id, c.first_day, c.id, g.first_day, g.line_id
"""  # noqa: S608 - built from constants


def owed_of(currencies: Mapping[int, str]) -> dict[int, list[tuple[str, Decimal]]]:
    """Say what stays owed when subscriptions are ended after they expired, a part for each open charge.

    Each amount is rounded before it is subtracted, as the refund policy does.
    *Shape*: `currencies` by subscription; so is the answer, which has those alone that owe something.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_OPEN, {"subscriptions": list(currencies)})
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop = on")
    owed: dict[int, list[tuple[str, Decimal]]] = defaultdict(list)
    for subscription_id, invoice, *amounts in rows:
        currency = currencies[subscription_id]
        charged, paid, waived = (money.round_half_up(amount, currency=currency) for amount in amounts)
        owed[subscription_id].append((invoice, max(Decimal(0), charged - paid - waived)))
    return owed
