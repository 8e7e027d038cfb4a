"""The pages of the reasons for a termination."""

import json

import pytest

from portal.audit.models import AuditEntry
from settings_app.models import TerminationReason


@pytest.mark.django_db
def test_reasons_are_listed(client_of, django_assert_num_queries):
    client = client_of("superuser")
    client.get("/settings/reasons/")
    with django_assert_num_queries(4):
        page = client.get("/settings/reasons/").content.decode()
    assert "Moved to another provider" in page
    assert "Add a reason" in page
    assert "Add a reason" not in client_of("auditor").get("/settings/reasons/").content.decode()


REASON = {"label": "Merged", "code": "Merged-2", "needs_ticket": "on", "is_active": "on", "position": "9"}


@pytest.mark.django_db(transaction=True)
def test_a_reason_is_added_and_changed(client_of):
    client = client_of("superuser")
    for _ in range(2):
        response = client.post("/settings/reasons/add/", REASON)
        assert (response.status_code, response["Location"]) == (303, "/settings/reasons/")
    reason = TerminationReason.objects.get(code="merged-2")
    assert reason.needs_ticket is True

    path = f"/settings/reasons/{reason.pk}/"
    page = client.get(path)
    assert "merged-2" in page.content.decode()
    assert 'name="code"' not in page.content.decode()
    seen = page.context["form"]["seen"].value()
    changed = {"seen": seen, "label": "Merger", "position": "3", "code": "other-code"}
    assert client.post(path, changed).status_code == 303
    reason.refresh_from_db()
    assert (reason.code, reason.label, reason.needs_ticket, reason.is_active) == (
        "merged-2",
        "Merger",
        False,
        False,
    )
    assert AuditEntry.objects.filter(app="Portal Settings").count() == 2

    stale = client.post(path, {"seen": seen, "label": "Mine", "position": "3"})
    assert stale.status_code == 409
    assert "changed meanwhile" in stale.content.decode()
    assert 'value="Merger"' in stale.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": "Other"}, "Another reason has this label."),
        ({"code": "other"}, "Another reason has this code."),
        ({"code": "not a code"}, "“not a code” is not a code; expected letters, digits, hyphens and underscores."),
        ({"label": "\u200b"}, "This is empty"),
        ({"position": "-1"}, "expected a number from 0 to 9,999"),
        ({"position": "1_0"}, "is not a whole number"),
    ],
)
def test_a_reason_is_refused_in_words(client_of, changes, sentence, transactional_db):
    response = client_of("superuser").post("/settings/reasons/add/", {**REASON, **changes})
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert TerminationReason.objects.count() == 7


@pytest.mark.django_db
def test_an_unknown_reason_is_not_found(client_of):
    client = client_of("superuser")
    assert client.get("/settings/reasons/999999999999999999999/").status_code == 404
    reason = TerminationReason.objects.earliest("pk")
    path = f"/settings/reasons/{reason.pk}/"
    for seen in ("", "{}", "[]", json.dumps({"label": 1})):
        response = client.post(path, {"label": "A", "position": "1", "seen": seen})
        assert response.status_code == 422
        assert "The page was not complete; open it again." in response.content.decode()
