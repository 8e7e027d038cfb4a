"""The tabs of Portal Settings, each for whoever may see its page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from portal.lib.http import Request

PAGES = (
    ("config", "Portal Config", "settings_app:portal_config", "settings_app.view_portalconfigversion"),
    ("taxes", "Tax rates", "settings_app:tax_rates", "settings_app.view_taxrate"),
    ("reasons", "Reasons", "settings_app:reasons", "settings_app.view_terminationreason"),
    ("versions", "Versions", "settings_app:versions", "settings_app.view_portalconfigversion"),
)


def tabs(request: Request, current: str) -> list[dict[str, Any]]:
    """List the tabs that somebody may see, and say which one is open."""
    return [
        {"label": label, "url": reverse(name), "is_current": key == current}
        for key, label, name, permission in PAGES
        if request.user.has_perm(permission)
    ]
