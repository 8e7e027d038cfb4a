"""Messages to be sent, and what a process of its own needs to send them."""

import os
import uuid

import pytest
from django.db import connection
from psycopg.conninfo import make_conninfo

from portal.outbox.models import Delivery


@pytest.fixture
def write(now):
    """Write a message that is due: `write("billing@example.com")`."""

    def write_one(to="provider@example.com", **fields):
        return Delivery.objects.create(
            **{
                "kind": "subscription_terminated",
                "addressee": "provider",
                "to": to,
                "subject": "Subscription terminated",
                "body": "It was terminated.\n",
                "cause_id": uuid.uuid4(),
                "organisation_uuid": uuid.uuid4(),
                "created_at": now,
                "next_attempt_at": now,
                **fields,
            }
        )

    return write_one


@pytest.fixture
def outside(settings, tmp_path):
    """The environment of a process that works on the test database and the same mail server."""
    database = connection.settings_dict
    address = make_conninfo(
        dbname=database["NAME"],
        user=database["USER"],
        host=database["HOST"],
        port=database["PORT"] or None,
        password=database["PASSWORD"] or None,
    )
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": "a-key-as-long-as-those-that-a-deployment-draws-7316",
        "PORTAL_DATA": str(tmp_path),
        "EMAIL_HOST": settings.EMAIL_HOST,
        "EMAIL_PORT": str(settings.EMAIL_PORT),
    }
