"""Put the portal's own admin site in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Django's admin, for superusers."""

    default_site = "portal.shell.admin_site.PortalAdminSite"
