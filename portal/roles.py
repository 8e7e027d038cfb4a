"""Who may what: three groups and the superuser. One permission per verb. Source: domain.md 6."""

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, Permission, User

_READ_CUSTOMERS = ("customers.view_organisation", "subscriptions.view_subscription")
_READ_DOCUMENTS = ("invoicing.view_invoice", "invoicing.view_creditnote")
_AGENT = (
    *_READ_CUSTOMERS,
    *_READ_DOCUMENTS,
    "subscriptions.terminate_subscription",
    "subscriptions.change_renewal",
)
_BILLING = (
    *_AGENT,
    "invoicing.add_creditnote",
    "invoicing.send_creditnote",
    "invoicing.void_creditnote",
    "invoicing.allocate_creditnote",
    "invoicing.record_payment",
    "customers.post_correction",
    "subscriptions.view_cleanuprun",
    "outbox.view_message",
    "outbox.send_again",
)
_AUDITOR = (
    *_READ_CUSTOMERS,
    *_READ_DOCUMENTS,
    "subscriptions.view_cleanuprun",
    "audit.view_auditentry",
    "outbox.view_message",
    "settings_app.view_portalconfigversion",
    "settings_app.view_terminationreason",
)

ROLES: dict[str, tuple[str, ...]] = {"agent": _AGENT, "billing": _BILLING, "auditor": _AUDITOR}
LABELS = {"agent": "Support agent", "billing": "Billing", "auditor": "Auditor"}


def ensure() -> None:
    """Create the groups and give each exactly its permissions; safe to repeat."""
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)
    wanted = {name for names in ROLES.values() for name in names}
    found = {
        f"{p.content_type.app_label}.{p.codename}": p
        for p in Permission.objects.select_related("content_type").filter(
            codename__in=[name.split(".")[1] for name in wanted]
        )
    }
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([found[name] for name in names])


def label_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """Say in words what the user is."""
    if not isinstance(user, User):
        return ""
    if user.is_superuser:
        return "Superuser"
    names = user.groups.values_list("name", flat=True)
    return ", ".join(LABELS.get(name, name) for name in names)
