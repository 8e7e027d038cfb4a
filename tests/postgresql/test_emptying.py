"""What stays in a test database between two tests: what migrating leaves, and nothing else."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import IntegrityError, connection, connections
from django.utils import timezone

from portal.audit.models import AuditEntry
from settings_app.models import ConfigHead
from tests.support import factories
from tests.support.postgresql import migrated_rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("as_superuser", [True, False])
def test_a_flush_leaves_what_migrating_leaves(as_superuser: bool, configure: Any, monkeypatch: Any) -> None:
    if not as_superuser:
        monkeypatch.setattr(connections["default"], "emptying", None)
    rights = Permission.objects.count()
    User.objects.create_user("of-a-test").groups.add(Group.objects.earliest("id"))
    factories.subscription()
    configure(allow_refund=False)
    assert AuditEntry.objects.exists()

    call_command("flush", verbosity=0, interactive=False)

    stay = set(migrated_rows.RIGHTS + migrated_rows.SERIES)
    models = [model for model in apps.get_models() if model._meta.managed]
    filled = {model._meta.db_table for model in models if model._default_manager.exists()}
    assert filled <= stay
    assert Permission.objects.count() == rights > 0
    assert Group.objects.exists()
    assert not ConfigHead.objects.exists()
    # What refused a DELETE before still does.
    AuditEntry.objects.create(at=timezone.now(), description="Of a test", actor="somebody")
    with pytest.raises(IntegrityError, match="an audit entry is never changed"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_auditentry")
