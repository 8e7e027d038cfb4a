"""The newest version of the settings is in force, and none was taken out."""

from __future__ import annotations

from portal.verification import registry
from portal.verification.check import Check

registry.declare(
    __name__,
    600,
    Check(
        "settings_versions",
        "version {kept} is in force, the newest of {there} is {newest}",
        # An older one made current, or one that was taken out.
        """
        SELECT 'Portal Config' AS place, coalesce(v.number::text, 'none') AS kept, n.there, n.newest
        FROM (SELECT count(*) AS there, max(number) AS newest, min(number) AS oldest
              FROM settings_app_portalconfigversion) n
        LEFT JOIN (settings_app_confighead h JOIN settings_app_portalconfigversion v ON v.id = h.version_id)
            ON true
        WHERE v.number IS DISTINCT FROM n.newest OR n.there <> n.newest - n.oldest + 1
        """,
    ),
)
