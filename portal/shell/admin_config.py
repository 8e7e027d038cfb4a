"""Put the portal's own admin site in the place of Django's."""

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig

OURS = ("audit", "outbox", "jobs", "staff", "settings_app", "customers", "invoicing", "subscriptions")


class PortalAdminConfig(AdminConfig):
    """Django's admin, for superusers."""

    default_site = "portal.shell.admin_site.PortalAdminSite"

    def ready(self) -> None:
        """Find what the apps let superusers change, and show every other table of ours."""
        super().ready()
        # Imported late: it has models, which are loaded by now.
        from portal.audit.admin_base import ReadOnlyAdmin

        for label in OURS:
            for model in apps.get_app_config(label).get_models():
                if not admin.site.is_registered(model):
                    admin.site.register(model, ReadOnlyAdmin)
