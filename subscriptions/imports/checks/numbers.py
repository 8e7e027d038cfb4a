"""What must hold between the rows of numbers.csv and others, staged or known."""

from __future__ import annotations

from portal.importing.shapes import Check
from subscriptions.imports import files

CHECKS = (
    Check(
        files.NUMBERS,
        "number",
        """
        SELECT line, format('%s is on another subscription in line %s, expected one that is not terminated',
                            number, first_line)
        FROM (SELECT n.line, n.number, n.subscription_uuid,
                     first_value(n.line) OVER w AS first_line,
                     first_value(n.subscription_uuid) OVER w AS first_uuid
              FROM import_numbers n JOIN all_subscriptions s ON s.uuid = n.subscription_uuid
              WHERE n.known_id IS NULL AND n.number IS NOT NULL AND NOT s.is_terminated
              WINDOW w AS (PARTITION BY n.number ORDER BY n.line)) f
        WHERE subscription_uuid <> first_uuid
        """,
    ),
    Check(
        files.NUMBERS,
        "number",
        """
        SELECT n.line, format('%s serves the subscription %s already%s, expected one that is not terminated',
                              n.number, kp.uuid, ' (line ' || min(e.line) || ')')
        FROM import_numbers n
        JOIN all_subscriptions s ON s.uuid = n.subscription_uuid
        JOIN subscriptions_phonenumber k ON k.number = n.number AND k.status = 'in_use'
        JOIN subscriptions_subscription kp ON kp.id = k.subscription_id AND kp.uuid <> n.subscription_uuid
        LEFT JOIN import_numbers e ON e.known_id = k.id
        WHERE n.known_id IS NULL AND NOT s.is_terminated
        GROUP BY n.line, n.number, kp.uuid
        """,
    ),
)
