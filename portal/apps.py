from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Find what the apps declare to those below them, and keep the roles up to date."""
        # Imported late: they have models, which are loaded by now.
        from portal import roles

        autodiscover_modules("charge_subjects", "note_questions")
        # Django tells of each app that has models. Of ours this is the last, so all permissions are there by then.
        last = apps.get_app_config("subscriptions")
        post_migrate.connect(roles.bring_up_to_date, sender=last, dispatch_uid="roles")
