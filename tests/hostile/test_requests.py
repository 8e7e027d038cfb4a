"""Three hundred requests nobody should send; with TEST_FULL=1, twenty thousand. HOSTILE_SEED=100 draws others.

Whatever comes in: no 5xx, no markup that comes back, no write by a reading method or by a refused request, and
no write at all that leaves no sentence in the audit or that the database would refuse at the commit. A request
that can only be refused must not write. Each request is undone, so that every one meets the same world; a seed
repeats its requests exactly.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Iterator

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from tests.hostile import tables
from tests.hostile.requests import Hostile

pytestmark = pytest.mark.django_db

REQUESTS, SHARE = (20_000, 250) if os.environ.get("TEST_FULL") == "1" else (300, 300)
FIRST = int(os.environ.get("HOSTILE_SEED", "0"))
NOW = "2026-03-10T09:00:00Z"


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Thousands of refusals are no news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def told() -> Iterator[Counter[str]]:
    """Add up what all shares did, and print it at the end (seen with -s)."""
    sums: Counter[str] = Counter()
    yield sums
    print("\n" + ", ".join(f"{count} {name}" for name, count in sums.items()))


def test_what_broke_once_does_not_break_again():
    with time_machine.travel(NOW, tick=False):
        hostile = Hostile(0)
        hostile.send("GET", reverse("admin:auth_group_change", args=[Group.objects.get(name="agent").pk]))
        hostile.send("GET", reverse("admin:audit_auditentry_changelist") + "?app=%00")
        seen = b"label=x&position=1&seen=" + b"%5B" * 3_000
        hostile.send("POST", reverse("settings_app:change_reason", args=[hostile.world.reason.pk]), body=seen)
    assert hostile.faults == []
    assert sorted(hostile.statuses.elements()) == [200, 400, 422]


@pytest.mark.django_db
def test_an_address_that_is_none_leads_to_the_log_in():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://[x]:1:x"}
    response = Client().get(reverse("customers:list"), headers=headers)
    assert (response.status_code, response["HX-Redirect"]) == (200, f"{reverse('account_login')}?next=/")


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + REQUESTS // SHARE))
def test_whatever_is_sent_nothing_breaks_and_nothing_slips_in(seed, settings, told):
    settings.AXES_ENABLED = True
    with time_machine.travel(NOW, tick=False):
        hostile = Hostile(seed)
        kinds = (hostile.address, hostile.question, hostile.form, hostile.form, hostile.protocol)
        while hostile.count < SHARE:
            hostile.draw.choice(kinds)()
        after = tables.digest()
    told.update({"requests": hostile.count, "writes taken in and undone": hostile.accepted})
    told.update({f"answers {hundred}xx": 0 for hundred in range(2, 6)})
    told.update(f"answers {status // 100}xx" for status in hostile.statuses.elements())
    told.update({"faults": len(hostile.faults)})
    assert hostile.faults == [], f"{len(hostile.faults)} faults:\n" + "\n".join(hostile.faults)
    assert after == hostile.before
    assert hostile.count == SHARE
    # It came as far as the forms themselves: some were refused there, and some were right after all.
    assert min(hostile.statuses[200], hostile.statuses[422], hostile.accepted) >= 5
