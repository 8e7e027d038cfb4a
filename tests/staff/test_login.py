"""The log-in: one door, one sentence for every failure, a lock after too many."""

import re

import pytest
from django.contrib.auth.models import User

from tests.support import pages

pytestmark = pytest.mark.django_db

SENTENCE = "The username or the password is wrong."


@pytest.fixture
def anna(make_user):
    return make_user("superuser", "anna")


def log_in(client, username="anna", password="secret-word-1", **more):
    return client.post("/log-in/", {"login": username, "password": password, **more})


def test_the_page_says_the_words_of_the_product(client):
    response = client.get("/log-in/?next=/audit/")
    page = response.content.decode()
    assert response.status_code == 200
    assert "Username" in page
    assert "Password" in page
    assert ">Log in</span>" in page
    assert 'name="next" value="/audit/"' in page
    assert "script-src 'self'" in response["Content-Security-Policy"]
    for inline in ("<style", "style=", "onclick", "<script>"):
        assert inline not in page


def test_logging_in_leads_where_one_wanted_to_go(client, anna):
    response = log_in(client, next="/audit/")
    assert (response.status_code, response["Location"]) == (302, "/audit/")
    assert client.get("/audit/").status_code == 200


def test_the_log_in_leads_back_to_the_page_that_was_open(client, anna):
    page = "/customers/?q=a%20b&similar=1"
    asked = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"}
    sent = client.get("/notifications/", headers=asked)
    form = pages.form(client.get(sent["HX-Redirect"]), action="/log-in/")
    assert log_in(client, next=form.fields["next"])["Location"] == page


def test_a_username_is_known_in_any_case(client, anna):
    assert log_in(client, "ANNA").status_code == 302
    assert client.session["_auth_user_id"] == str(anna.pk)


def test_logging_in_leads_to_the_start_page_otherwise(client, anna):
    assert log_in(client)["Location"] == "/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_logging_in_never_leads_away(client, anna, target):
    assert log_in(client, next=target)["Location"] == "/"


def test_an_unknown_an_inactive_and_a_mistaken_user_read_the_same(client, anna):
    User.objects.create_user("gone", password="secret-word-1", is_active=False)
    answers = [
        log_in(client, "nobody"),
        log_in(client, "gone"),
        log_in(client, "anna", "wrong"),
    ]
    for response in answers:
        page = response.content.decode()
        assert SENTENCE in page
        assert "secret-word-1" not in page
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("username", ["a\x00b", "a" * 5000, "'; DROP TABLE", "anna@example.com"])
def test_whatever_is_typed_the_answer_is_the_page(client, username):
    response = log_in(client, username)
    assert response.status_code == 200
    assert "Log in" in response.content.decode()


def test_empty_fields_are_named(client):
    assert log_in(client, "", "").content.decode().count("This is empty; expected your ") == 2


@pytest.mark.parametrize(
    ("typed", "focused"),
    [(("", ""), 'name="login"'), (("anna", ""), 'name="password"'), (("anna", "wrong"), "data-error-summary")],
)
def test_what_is_wrong_has_the_focus(client, anna, typed, focused):
    (tag,) = re.findall(r"<[^>]*\bautofocus\b[^>]*>", log_in(client, *typed).content.decode())
    assert focused in tag


def test_too_many_failures_lock_a_username_in_one_place(client, anna, settings):
    settings.AXES_ENABLED = True
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        assert SENTENCE in log_in(client, "anna", "wrong").content.decode()
    locked = log_in(client, "anna", "wrong")
    assert locked.status_code == 429
    assert "Too many failed attempts" in locked.content.decode()
    # Now the right password does not help either, here; another place and another name are free.
    assert log_in(client).status_code == 429
    User.objects.create_user("bob", password="secret-word-1")
    assert log_in(client, "bob").status_code == 302
    client.post("/log-out/")
    elsewhere = client.post("/log-in/", {"login": "anna", "password": "secret-word-1"}, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 302


def test_a_success_forgets_the_failures_before_it(client, anna, settings):
    settings.AXES_ENABLED = True
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        log_in(client, "anna", "wrong")
    assert log_in(client).status_code == 302
    client.post("/log-out/")
    assert log_in(client, "anna", "wrong").status_code == 200


def test_logging_out_takes_a_post(client, anna):
    log_in(client)
    asked = client.get("/log-out/")
    assert asked.status_code == 200
    assert "Log out?" in asked.content.decode()
    assert "_auth_user_id" in client.session
    response = client.post("/log-out/")
    assert (response.status_code, response["Location"]) == (302, "/log-in/")
    assert "_auth_user_id" not in client.session
    page = client.get("/log-in/").content.decode()
    assert "notice" not in page


def test_who_is_logged_in_needs_no_log_in(client, anna):
    log_in(client)
    assert client.get("/log-in/").status_code == 302


def test_nobody_signs_up(client):
    for path in ("/sign-up/", "/signup/", "/accounts/signup/", "/log-in/signup/", "/password/reset/"):
        assert client.get(path).status_code == 404


def test_deactivation_ends_a_session(client, anna, make_user):
    log_in(client)
    make_user("superuser")
    User.objects.filter(pk=anna.pk).update(is_active=False)
    response = client.get("/audit/")
    assert (response.status_code, response["Location"]) == (302, "/log-in/?next=/audit/")
