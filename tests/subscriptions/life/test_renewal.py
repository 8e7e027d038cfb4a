"""Unsubscribe and resubscribe: what is said and written, and when neither is possible."""

from typing import Any

import pytest
import time_machine

from portal.audit.models import AuditEntry
from tests.support import factories
from tests.support.factories import C
from tests.support.steps import NOW, address
from tests.support.terminations import fresh, terminate

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("wanted", "event", "told"),
    [
        ("off", "Unsubscribed", "Usable until 31 March 2026; no refund."),
        ("on", "Resubscribed", "Auto-renewal on; renews before 31 March 2026."),
    ],
)
def test_the_history_tells_which_of_the_two_it_was(client_of, wanted, event, told):
    made = factories.subscription(auto_renew=wanted == "off")
    client = client_of("agent")
    for _ in range(2):
        # The second time it is so already.
        assert client.post(address(made, "renewal"), {"wanted": wanted}, headers=HTMX).status_code == 204
    assert fresh(made).auto_renew is (wanted == "on")
    entry = AuditEntry.objects.get(subject_uuid=made.uuid)
    assert (entry.event, entry.data["told"], entry.actor) == (event, told, client.user.username)
    assert entry.description.endswith(f": {told}")
    assert (entry.kind, entry.subject_kind) == (f"subscription.{event.lower()}", "subscription")


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a trial does not renew": ({"is_trial": True}, "on", "A trial does not renew."),
    "what expired renews no more": (
        {"cycles": (C("2026-02-01"),)},
        "on",
        "This subscription expired on 28 February 2026; it no longer renews.",
    ),
    "nor is it unsubscribed": (
        {"cycles": (C("2026-02-01"),), "auto_renew": True},
        "off",
        "This subscription expired on 28 February 2026; it no longer renews.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_said_and_nothing_is_written(client_of, case):
    fields, wanted, sentence = REFUSED[case]
    made = factories.subscription(**fields)
    response = client_of("agent").post(address(made, "renewal"), {"wanted": wanted}, headers=HTMX)
    assert response.status_code == 204
    assert f'"announce": {{"message": "{sentence}", "tone": "danger"}}' in response["HX-Trigger"]
    assert fresh(made).auto_renew is made.auto_renew
    assert not AuditEntry.objects.filter(subject_uuid=made.uuid).exists()


def test_what_ended_is_told_as_that(client_of, agent):
    made = factories.subscription()
    terminate(made, by=agent, at=NOW)
    response = client_of("agent").post(address(made, "renewal"), {"wanted": "on"}, headers=HTMX)
    assert "already terminated by maria on 10 March 2026" in response["HX-Trigger"]
