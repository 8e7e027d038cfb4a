from django.db import migrations

# What the roles may as this migration leaves them; later they are brought up to date after every migration.
# model, codename, name: permissions come with their tables only after the last migration, and are wanted now.
PERMISSIONS = (
    ("customers.organisation", "view_organisation", "Can view organisation"),
    ("customers.ledgerentry", "post_correction", "Can post a correction entry"),
    ("subscriptions.subscription", "view_subscription", "Can view subscription"),
    ("subscriptions.subscription", "terminate_subscription", "Can terminate a subscription"),
    ("subscriptions.subscription", "change_renewal", "Can unsubscribe and resubscribe"),
    ("subscriptions.cleanuprun", "view_cleanuprun", "Can view clean-up run"),
    ("invoicing.invoice", "view_invoice", "Can view invoice"),
    ("invoicing.payment", "record_payment", "Can record a payment"),
    ("invoicing.creditnote", "view_creditnote", "Can view credit note"),
    ("invoicing.creditnote", "add_creditnote", "Can add credit note"),
    ("invoicing.creditnote", "send_creditnote", "Can mark a credit note as sent"),
    ("invoicing.creditnote", "void_creditnote", "Can void a credit note"),
    ("invoicing.creditnote", "allocate_creditnote", "Can allocate a credit note"),
    ("outbox.message", "view_message", "Can view message"),
    ("outbox.message", "send_again", "Can put a dead letter back to be sent"),
    ("audit.auditentry", "view_auditentry", "Can view audit entry"),
    ("settings_app.portalconfigversion", "view_portalconfigversion", "Can view portal config version"),
    ("settings_app.terminationreason", "view_terminationreason", "Can view termination reason"),
)

READ = ("view_organisation", "view_subscription", "view_invoice", "view_creditnote")
AGENT = (*READ, "terminate_subscription", "change_renewal")
BILLING = (
    *AGENT,
    "add_creditnote",
    "send_creditnote",
    "void_creditnote",
    "allocate_creditnote",
    "record_payment",
    "post_correction",
    "view_cleanuprun",
    "view_message",
    "send_again",
)
AUDITOR = (
    *READ,
    "view_cleanuprun",
    "view_auditentry",
    "view_message",
    "view_portalconfigversion",
    "view_terminationreason",
)


def write(apps, schema_editor):
    """Write the roles with their permissions."""
    content_type = apps.get_model("contenttypes", "ContentType")
    permission = apps.get_model("auth", "Permission")
    group = apps.get_model("auth", "Group")
    made = {}
    for model, codename, name in PERMISSIONS:
        label, _, model_name = model.partition(".")
        about, _ = content_type.objects.get_or_create(app_label=label, model=model_name)
        made[codename], _ = permission.objects.get_or_create(
            content_type=about, codename=codename, defaults={"name": name}
        )
    for role, codenames in (("agent", AGENT), ("billing", BILLING), ("auditor", AUDITOR)):
        there, _ = group.objects.get_or_create(name=role)
        there.permissions.set([made[codename] for codename in codenames])


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("audit", "0002_guards"),
        ("outbox", "0002_guards"),
        ("settings_app", "0003_defaults"),
        ("customers", "0002_guards"),
        ("invoicing", "0003_series"),
        ("subscriptions", "0002_guards"),
    ]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
