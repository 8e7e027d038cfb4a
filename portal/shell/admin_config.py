"""Put the portal's own admin site in the place of Django's."""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import checks as admin_checks
from django.contrib.admin.apps import SimpleAdminConfig
from django.core import checks

OURS = ("audit", "outbox", "jobs", "staff", "settings_app", "customers", "invoicing", "subscriptions")


class PortalAdminConfig(SimpleAdminConfig):
    """Django's admin, for superusers. Its tables are registered as somebody asks for the `site`."""

    default_site = "portal.shell.admin_site.PortalAdminSite"

    def ready(self) -> None:
        """Have the site checked with all its tables."""
        checks.register(admin_checks.check_dependencies, checks.Tags.admin)
        checks.register(_check_site, checks.Tags.admin)


def _check_site(app_configs: Any, **options: Any) -> list[checks.CheckMessage]:
    site()
    return admin_checks.check_admin_app(app_configs, **options)


@cache
def site() -> admin.AdminSite:
    """Give the site, with what the apps let superusers change and every other table of ours."""
    # Imported late: it has models, which are loaded by now.
    from portal.audit.admin_base import ReadOnlyAdmin

    admin.autodiscover()
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            if not admin.site.is_registered(model):
                admin.site.register(model, ReadOnlyAdmin)
    return admin.site
