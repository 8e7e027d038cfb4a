"""What is said of a request is believed of trusted proxies alone; through all of the WSGI stack."""

import io
import logging
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError

from portal.lib import proxies
from portal.shell.management.commands import serve

pytestmark = pytest.mark.django_db(transaction=True)

PROXY, STRANGER = "10.0.0.7", "203.0.113.9"


@pytest.fixture
def ask(settings):
    """Ask the application as its server does; the settings are those that SECURE=1 makes."""
    settings.TRUSTED_PROXIES = [proxies.network("10.0.0.0/24")]
    settings.ALLOWED_HOSTS = ["portal.example.com"]
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    applications: list[WSGIHandler] = []

    def asked(path="/log-in/", *, peer=PROXY, **headers):
        if not applications:
            applications.append(WSGIHandler())
        answer: dict[str, Any] = {}

        def start_response(status, headed, exc_info=None):
            answer.update(dict(headed), status=int(status.split()[0]))

        environment = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "portal.example.com",
            "REMOTE_ADDR": peer,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in headers.items()},
        }
        response = applications[0](environment, start_response)
        answer["body"] = b"".join(response).decode()
        response.close()
        return answer

    return asked


def test_a_trusted_proxy_is_believed_about_https(ask):
    assert ask(proto="https")["status"] == 200
    assert ask(proto="https", peer="::ffff:10.0.0.7")["status"] == 200
    redirected = ask(proto="http")
    assert (redirected["status"], redirected["Location"]) == (301, "https://portal.example.com/log-in/")


@pytest.mark.parametrize("peer", [STRANGER, "127.0.0.1", "", "10.0.1.7"])
def test_nobody_else_is(ask, peer):
    answer = ask(proto="https", peer=peer)
    assert answer["status"] == 400
    assert "Location" not in answer, "a proxy would bring it back for ever"
    assert f"does not know the proxy that this came through ({peer})" in answer["body"]
    assert "TRUSTED_PROXIES" in answer["body"]
    assert ask(peer=peer)["Location"] == "https://portal.example.com/log-in/"


def test_health_pages_are_asked_without_a_proxy(ask):
    assert ask("/healthz", peer=STRANGER)["body"] == "ok\n"
    assert ask("/readyz", peer=STRANGER)["body"] == "ready\n"
    assert ask("/healthz/", peer=STRANGER)["status"] == 301


@pytest.mark.parametrize("peer", [PROXY, STRANGER])
def test_nobody_says_which_host_or_port_this_is(ask, peer):
    answer = ask(peer=peer, host="evil.example", port="666")
    assert answer["Location"] == "https://portal.example.com/log-in/"
    assert "evil.example" not in ask(proto="https", host="evil.example", port="666")["body"]


def test_where_nothing_asks_for_https_nobody_says_it(ask, settings):
    settings.SECURE_SSL_REDIRECT = False
    settings.SECURE_PROXY_SSL_HEADER = None
    answer = ask(peer=STRANGER, proto="https")
    assert answer["status"] == 200
    assert "Strict-Transport-Security" not in answer


def test_an_unknown_proxy_is_told_once(ask, caplog):
    with caplog.at_level(logging.WARNING, logger="portal.shell.middleware"):
        for _ in range(3):
            ask(peer=STRANGER)
            ask(peer=PROXY, proto="https")
        assert caplog.messages == []
        for number in range(3):
            ask(peer=f"203.0.113.{number}", **{"for": "192.0.2.1"})
    assert caplog.messages == [
        "203.0.113.0 said where a request comes from, and is not believed: if it is a proxy of yours, add it to "
        "TRUSTED_PROXIES."
    ]


def test_the_portal_is_not_served_where_every_page_would_lead_to_itself(settings):
    settings.TRUSTED_PROXIES = ()
    serve._refuse_unknown_proxy()
    settings.SECURE_SSL_REDIRECT = True
    with pytest.raises(CommandError, match="SECURE is on, .* TRUSTED_PROXIES does not say which"):
        serve._refuse_unknown_proxy()
    settings.TRUSTED_PROXIES = [proxies.network("127.0.0.1")]
    serve._refuse_unknown_proxy()
