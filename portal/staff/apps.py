from django.apps import AppConfig


class StaffConfig(AppConfig):
    """The first of all apps: so its commands come before Django's of the same names."""

    name = "portal.staff"
    verbose_name = "Staff"
