from typing import Any

from django.apps import AppConfig, apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate
from django.utils import timezone

from portal.lib import declarations


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Say where apps declare something to those below them, and what is to be done after any migration."""
        # Imported late: they have models, which are loaded by now.
        from portal.postgresql import owner
        from portal.staff import roles

        declarations.look_in(app.name for app in apps.get_app_configs())
        # Django tells of each app that has models. Of ours this is the last, so all tables are there by then.
        last = apps.get_app_config("subscriptions")
        post_migrate.connect(roles.bring_up_to_date, sender=last, dispatch_uid="roles")
        post_migrate.connect(_write_member_keys, sender=last, dispatch_uid="member keys")
        post_migrate.connect(owner.grant, sender=last, dispatch_uid="runtime role")


def _write_member_keys(**migrated: Any) -> None:
    """Let members be found who were there before they became search keys."""
    from customers import operations

    if ("customers", "0006_numbers_and_members_are_found") in MigrationRecorder(connection).applied_migrations():
        operations.write_member_keys(at=timezone.now())
