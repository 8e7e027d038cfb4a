"""Checks of subscriptions.csv against other rows: staged ones, and those that the portal has."""

from __future__ import annotations

from portal.importing.shapes import Check
from subscriptions.imports import files

# Known subscriptions whose new cycles would end before their expiry date. A subscription with cycles expires on the
# last day of the last one, so these were imported without any. Their expiry date alone says how long they are
# usable: an earlier one would let the clean-up terminate them too soon, for good.
_SHORTENED = """
    SELECT n.line, n.subscription_line, k.expires_on, a.last_day
    FROM (SELECT subscription_id, min(line) AS line, min(subscription_line) AS subscription_line,
                 max(day_after) - 1 AS last_day
          FROM all_cycles WHERE known_id IS NULL AND subscription_id IS NOT NULL AND NOT is_terminated
          GROUP BY subscription_id HAVING bool_and(day_after IS NOT NULL)) n
    JOIN subscriptions_subscription k ON k.id = n.subscription_id AND k.expires_on > n.last_day
    CROSS JOIN LATERAL (SELECT greatest(n.last_day, max(e.day_after) - 1) AS last_day
                        FROM subscriptions_cycle e WHERE e.subscription_id = k.id) a
    WHERE k.expires_on > a.last_day
"""

CHECKS = (
    Check(
        files.SUBSCRIPTIONS,
        "sku",
        """
        SELECT s.line, format('the plan is in %s, expected %s, the currency of the organisation',
                              p.currency, o.currency)
        FROM import_subscriptions s
        JOIN all_plans p ON p.sku = s.sku
        JOIN all_organisations o ON o.uuid = s.organisation_uuid
        WHERE s.known_id IS NULL AND p.currency <> o.currency
        """,
    ),
    Check(
        files.SUBSCRIPTIONS,
        "contract_reference",
        """
        SELECT s.line, format('"%s" is a contract of another organisation, expected one of its own',
                              s.contract_reference)
        FROM import_subscriptions s JOIN all_contracts c ON c.reference = s.contract_reference
        WHERE s.known_id IS NULL AND c.organisation_uuid <> s.organisation_uuid
        """,
    ),
    Check(
        files.SUBSCRIPTIONS,
        "terminated_on",
        """
        SELECT s.line, format('%s is after today, expected %s, today in %s, or earlier',
                              s.terminated_on, o.today, o.timezone)
        FROM import_subscriptions s JOIN all_organisations o ON o.uuid = s.organisation_uuid
        WHERE s.known_id IS NULL AND s.terminated_on > o.today
        """,
    ),
    Check(
        files.SUBSCRIPTIONS,
        "started_on",
        """
        SELECT c.subscription_line,
               format('%s is after the first cycle, expected %s or earlier (line %s of cycles.csv)',
                      min(c.started_on), min(c.starts_on), (array_agg(c.line ORDER BY c.starts_on, c.line))[1])
        FROM all_cycles c
        WHERE c.known_id IS NULL AND c.starts_on < c.started_on AND c.subscription_line IS NOT NULL
        GROUP BY c.subscription_line
        """,
    ),
    Check(
        files.SUBSCRIPTIONS,
        "expires_on",
        """
        SELECT s.line, 'missing, expected a date, because there are no cycles'
        FROM import_subscriptions s
        WHERE s.known_id IS NULL AND s.uuid IS NOT NULL AND s.expires_on IS NULL
          AND NOT coalesce('expires_on' = ANY(s.wrong), false)
          AND NOT EXISTS (SELECT FROM import_cycles c WHERE c.subscription_uuid = s.uuid)
        """,
        needs=(files.CYCLES,),
    ),
    Check(
        files.SUBSCRIPTIONS,
        "expires_on",
        """
        SELECT s.line, format('%s differs from the cycles, expected %s, the last day of the last one',
                              s.expires_on, c.last_day)
        FROM import_subscriptions s
        JOIN (SELECT subscription_uuid, max(day_after) - 1 AS last_day FROM all_cycles
              GROUP BY subscription_uuid HAVING bool_and(day_after IS NOT NULL)) c ON c.subscription_uuid = s.uuid
        WHERE s.known_id IS NULL AND s.expires_on <> c.last_day
        """,
        needs=(files.CYCLES,),
    ),
    Check(
        files.SUBSCRIPTIONS,
        "expires_on",
        f"""
        SELECT subscription_line,
               format('the subscription expires on %s, but with line %s of cycles.csv its cycles end on %s, '
                      'expected %s or later', expires_on, line, last_day, expires_on)
        FROM ({_SHORTENED}) s WHERE subscription_line IS NOT NULL
        """,  # noqa: S608
        needs=(files.CYCLES,),
    ),
    Check(
        files.CYCLES,
        "starts_on",
        f"""
        SELECT line, format('the subscription expires on %s, but with this line its cycles end on %s, '
                            'expected %s or later', expires_on, last_day, expires_on)
        FROM ({_SHORTENED}) s WHERE subscription_line IS NULL
        """,  # noqa: S608
        needs=(files.CYCLES,),
    ),
)
