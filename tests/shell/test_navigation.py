"""What is said to whoever may open nothing, or not this."""

import pytest

from tests.support import pages

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/customers/", "/settings/portal-config/"])
def test_whoever_has_no_role_is_told_whom_to_ask(client_of, path):
    client = client_of("")
    response = client.get(path)
    said = pages.words(response)
    assert response.status_code == 403
    for words in (
        "You have no role yet",
        client.user.username,
        "Ask a superuser",
        "Support agent",
        "Billing",
        "Auditor",
    ):
        assert words in said


def test_whoever_has_another_role_is_told_which(client_of):
    response = client_of("agent").get("/audit/")
    said = pages.words(response)
    assert response.status_code == 403
    assert "Your role, Support agent, does not include it." in said
    assert "You have no role yet" not in said
