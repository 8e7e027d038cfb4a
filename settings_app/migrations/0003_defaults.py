from datetime import UTC, datetime
from decimal import Decimal

from django.db import migrations

# What a new portal starts with: version 1 of the config, the printed fees (domain.md 4; charged only after a
# superuser switches the fee on), and a first list of reasons.
FEES = {
    "SGD": Decimal("21.40"),
    "MYR": Decimal(60),
    "HKD": Decimal(110),
    "AUD": Decimal(20),
    "USD": Decimal(17),
}

REASONS = (
    # code, label, needs a ticket
    ("too_expensive", "Too expensive", False),
    ("no_longer_needed", "No longer needed", False),
    ("moved_to_competitor", "Moved to another provider", False),
    ("quality_of_service", "Quality of service", True),
    ("business_closed", "Business closed", False),
    ("bought_by_mistake", "Bought by mistake", False),
    ("other", "Other", False),
)


def write(apps, schema_editor):
    """Write the defaults where there are none."""
    # The migration is the operation here; its rows need no note of their own.
    schema_editor.execute("SELECT set_config('portal.operation', 'migration', true)")
    head = apps.get_model("settings_app", "ConfigHead")
    if not head.objects.exists():
        version = apps.get_model("settings_app", "PortalConfigVersion").objects.create(
            number=1, created_at=datetime.now(UTC)
        )
        fee = apps.get_model("settings_app", "AdministrativeFee")
        fee.objects.bulk_create(
            fee(version=version, currency=currency, amount=amount) for currency, amount in FEES.items()
        )
        head.objects.create(id=1, version=version)
    reason = apps.get_model("settings_app", "TerminationReason")
    if not reason.objects.exists():
        reason.objects.bulk_create(
            reason(code=code, label=label, needs_ticket=needs_ticket, position=position)
            for position, (code, label, needs_ticket) in enumerate(REASONS, start=1)
        )


class Migration(migrations.Migration):
    dependencies = [("settings_app", "0002_guards")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]
