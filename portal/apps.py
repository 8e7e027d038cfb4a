from typing import Any

from django.apps import AppConfig, apps
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate
from django.utils import timezone
from django.utils.module_loading import autodiscover_modules

# What an app may tell those below it, each in the module of this name in its folder `declares`. The
# events come first: statements that write some are made as their modules are imported.
DECLARED = (
    *("events", "addresses", "attention", "charge_subjects", "due_tonight", "letters", "mentions"),
    *("note_questions", "products", "refusals", "runs", "saved_filters", "search_finders", "settled_charges"),
    *("signposts", "tabs"),
)


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Find what the apps declare to those below them, and say what is to be done after any migration."""
        # Imported late: they have models, which are loaded by now.
        from portal.postgresql import owner
        from portal.staff import roles

        autodiscover_modules(*(f"declares.{name}" for name in DECLARED), "imports")
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
