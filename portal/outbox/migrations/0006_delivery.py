from django.db import migrations, models

# What was made as a message is the delivery of an event by e-mail. Statistics, grants and triggers go along with a
# table that is renamed.
NAMES = (
    ("a_cause_has_one_message_of_a_kind", "a_cause_has_one_delivery_of_a_kind"),
    ("a_message_goes_by_a_known_channel", "a_delivery_goes_by_a_known_channel"),
    ("a_message_has_a_known_addressee", "a_delivery_has_a_known_addressee"),
    ("a_message_has_a_known_status", "a_delivery_has_a_known_status"),
    ("a_message_is_sent_exactly_when_it_says_when", "a_delivery_is_sent_exactly_when_it_says_when"),
    ("a_message_without_an_address_is_a_dead_letter", "a_delivery_without_an_address_is_a_dead_letter"),
    ("outbox_message_attempts_check", "outbox_delivery_attempts_check"),
    ("outbox_message_message_id_key", "outbox_delivery_message_id_key"),
    ("outbox_message_pkey", "outbox_delivery_pkey"),
)
RENAMED = """
ALTER TABLE outbox_message RENAME TO outbox_delivery;
ALTER SEQUENCE outbox_message_id_seq RENAME TO outbox_delivery_id_seq;
""" + "".join(f"ALTER TABLE outbox_delivery RENAME CONSTRAINT {old} TO {new};\n" for old, new in NAMES)
RENAMED_BACK = (
    "".join(f"ALTER TABLE outbox_delivery RENAME CONSTRAINT {new} TO {old};\n" for old, new in NAMES)
    + """
ALTER SEQUENCE outbox_delivery_id_seq RENAME TO outbox_message_id_seq;
ALTER TABLE outbox_delivery RENAME TO outbox_message;
"""
)

# Whoever may see messages may see deliveries, also those who have it from nobody's role.
PERMITTED = """
UPDATE auth_permission p SET codename = replace(p.codename, '_message', '_delivery'),
                             name = replace(p.name, ' message', ' delivery')
FROM django_content_type c
WHERE c.id = p.content_type_id AND c.app_label = 'outbox' AND c.model = 'message' AND p.codename <> 'send_again';
UPDATE django_content_type SET model = 'delivery' WHERE app_label = 'outbox' AND model = 'message';
"""
PERMITTED_BACK = """
UPDATE auth_permission p SET codename = replace(p.codename, '_delivery', '_message'),
                             name = replace(p.name, ' delivery', ' message')
FROM django_content_type c
WHERE c.id = p.content_type_id AND c.app_label = 'outbox' AND c.model = 'delivery' AND p.codename <> 'send_again';
UPDATE django_content_type SET model = 'message' WHERE app_label = 'outbox' AND model = 'delivery';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("portal", "0001_roles"),
        ("outbox", "0005_deliveries"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(RENAMED, RENAMED_BACK),
                migrations.RunSQL(PERMITTED, PERMITTED_BACK),
            ],
            state_operations=[
                migrations.RenameModel("Message", "Delivery"),
                *(
                    migrations.RemoveConstraint("delivery", old)
                    for old, _ in NAMES
                    if not old.startswith("outbox_")
                ),
                migrations.AddConstraint(
                    "delivery",
                    models.CheckConstraint(
                        condition=models.Q(status__in=["pending", "sent", "dead"]),
                        name="a_delivery_has_a_known_status",
                    ),
                ),
                migrations.AddConstraint(
                    "delivery",
                    models.CheckConstraint(
                        condition=models.Q(channel__in=["email"]), name="a_delivery_goes_by_a_known_channel"
                    ),
                ),
                migrations.AddConstraint(
                    "delivery",
                    models.CheckConstraint(
                        condition=models.Q(addressee__in=["customer", "provider"]),
                        name="a_delivery_has_a_known_addressee",
                    ),
                ),
                migrations.AddConstraint(
                    "delivery",
                    models.CheckConstraint(
                        condition=~models.Q(to="", status__in=["pending", "sent"]),
                        name="a_delivery_without_an_address_is_a_dead_letter",
                    ),
                ),
                migrations.AddConstraint(
                    "delivery",
                    models.CheckConstraint(
                        condition=models.Q(status="sent", sent_at__isnull=False)
                        | (~models.Q(status="sent") & models.Q(sent_at__isnull=True)),
                        name="a_delivery_is_sent_exactly_when_it_says_when",
                    ),
                ),
                migrations.AddConstraint(
                    "delivery",
                    models.UniqueConstraint(fields=["kind", "cause_id"], name="a_cause_has_one_delivery_of_a_kind"),
                ),
            ],
        ),
    ]
