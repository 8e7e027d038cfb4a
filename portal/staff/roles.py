"""Who may what: three groups and the superuser. One permission per verb. Source: domain.md 6."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, Permission, User
from django.db import connection

_READ_CUSTOMERS = ("customers.view_organisation", "subscriptions.view_subscription")
_READ_DOCUMENTS = ("invoicing.view_invoice", "invoicing.view_creditnote")
_AGENT = (
    *_READ_CUSTOMERS,
    *_READ_DOCUMENTS,
    "customers.change_contacts",
    "subscriptions.terminate_subscription",
    "subscriptions.change_renewal",
    "subscriptions.recover_renewal",
)
_BILLING = (
    *_AGENT,
    "invoicing.add_creditnote",
    "invoicing.send_creditnote",
    "invoicing.void_creditnote",
    "invoicing.allocate_creditnote",
    "invoicing.record_payment",
    "invoicing.take_back",
    "customers.post_correction",
    "customers.post_top_up",
    "customers.change_tax_exemption",
    "jobs.view_run",
    "outbox.view_delivery",
    "outbox.send_again",
)
_AUDITOR = (
    *_READ_CUSTOMERS,
    *_READ_DOCUMENTS,
    "jobs.view_run",
    "audit.view_auditentry",
    "outbox.view_delivery",
    "settings_app.view_portalconfigversion",
    "settings_app.view_terminationreason",
    "settings_app.view_taxrate",
)

ROLES: dict[str, tuple[str, ...]] = {"agent": _AGENT, "billing": _BILLING, "auditor": _AUDITOR}
LABELS = {"agent": "Support agent", "billing": "Billing", "auditor": "Auditor"}


def bring_up_to_date(**migrated: object) -> None:
    """Give each role exactly its permissions, after any migration; safe to repeat.

    A permission whose table is not there yet, in the middle of a line of migrations, comes with a later one.
    *Shape*: called by Django with what it has migrated.
    """
    if "auth_permission" not in connection.introspection.table_names():
        return
    there = _permissions()
    for role, names in ROLES.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set([there[name] for name in names if name in there])


def are_up_to_date() -> bool:
    """Say whether each role has exactly its permissions; the tables are there."""
    found: dict[str, set[str]] = {role: set() for role in ROLES}
    for role, app, codename in Group.objects.filter(name__in=ROLES).values_list(
        "name", "permissions__content_type__app_label", "permissions__codename"
    ):
        found[role].add(f"{app}.{codename}")
    return found == {role: set(names) for role, names in ROLES.items()}


def _permissions() -> dict[str, Permission]:
    wanted = {name.split(".")[1] for names in ROLES.values() for name in names}
    return {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type").filter(codename__in=wanted)
    }


# As SQL, for it is asked by each page: composing the query anew takes longer than its answer.
_GROUPS = "SELECT g.name FROM auth_group g JOIN auth_user_groups u ON u.group_id = g.id WHERE u.user_id = %s"


def label_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """Say in words what the user is."""
    if not isinstance(user, User):
        return ""
    if user.is_superuser:
        return "Superuser"
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [user.pk])
        names = [name for (name,) in cursor.fetchall()]
    return ", ".join(LABELS.get(name, name) for name in names)
