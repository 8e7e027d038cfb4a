"""Every address of the table: nobody, without and with the permission, and with every method."""

from collections.abc import Callable

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import DjangoDbBlocker

from tests.architecture.asked import NOW
from tests.support import addresses
from tests.support.addresses import FOREIGN, LOGGED_IN, PUBLIC, SUPERUSER, TABLE, address_of

pytestmark = pytest.mark.django_db
# What each method asks for, by address: of all, of those that want a log-in, and of those that want a permission.
METHODS = {name: {method: asked for method, (asked, _) in methods.items()} for name, (_, methods) in TABLE.items()}
GUARDED = {
    name: guarded
    for name, methods in METHODS.items()
    if (guarded := {method: asked for method, asked in methods.items() if asked != PUBLIC})
}
BY_PERMISSION = {
    name: restricted
    for name, methods in GUARDED.items()
    if (restricted := {method: asked for method, asked in methods.items() if asked != LOGGED_IN})
}


@pytest.fixture(scope="module")
def _sessions(_kept: bytes, django_db_blocker: DjangoDbBlocker) -> dict[str, str]:
    """Log in, for all tests of the module, whom `allowed` and `refused` give."""
    asked = {asked for methods in GUARDED.values() for asked in methods.values()}
    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
        everything = {
            f"{label}.{codename}"
            for label, codename in Permission.objects.values_list("content_type__app_label", "codename")
        }
        people = {}
        for one in sorted(asked):
            people[one] = frozenset(one.split("+")) & everything
            people[f"lacks {one}"] = frozenset(everything - {one.split("+")[-1]})
        sessions = addresses.sessions_of(people)
        # Once, as in `shared.made_once`: each of them has a hundred permissions.
        connection.check_constraints()
        return sessions


@pytest.fixture
def allowed(_sessions: dict[str, str]) -> Callable[..., Client]:
    """Give the browser of somebody who may do what is asked for, and nothing else."""
    return lambda asked, **options: addresses.client_of_session(_sessions[asked], **options)


@pytest.fixture
def refused(_sessions: dict[str, str]) -> Callable[[str], Client]:
    """Give the browser of somebody who may do everything else."""
    return lambda asked: addresses.client_of_session(_sessions[f"lacks {asked}"])


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_is_sent_to_the_log_in(world, name):
    address = address_of(name, world)
    # The admin's own log-in leads on to the portal's.
    doors = (f"{reverse('account_login')}?next=", f"{reverse('admin:login')}?next=")
    for method in GUARDED[name]:
        response = Client().generic(method, address)
        assert (method, response.status_code) == (method, 302)
        assert response["Location"].startswith(doors if name == "admin:index" else doors[0])
        if not name.startswith("admin:"):
            headers = {"HX-Request": "true", "HX-Current-URL": "/customers/"}
            response = Client().generic(method, address, headers=headers)
            assert (method, response.status_code) == (method, 200)
            assert response["HX-Redirect"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", BY_PERMISSION)
def test_without_the_permission_it_is_refused(world, refused, name):
    address = address_of(name, world)
    for method, asked in BY_PERMISSION[name].items():
        assert (method, refused(asked).generic(method, address).status_code) == (method, 403)


@pytest.mark.parametrize("name", TABLE)
def test_with_the_permission_alone_it_answers(world, allowed, name):
    address = address_of(name, world)
    for method, (asked, expected) in TABLE[name][1].items():
        client = Client() if asked == PUBLIC else allowed(asked)
        assert (method, client.generic(method, address).status_code) == (method, expected)
        if method == "GET" and not name.startswith(FOREIGN):
            response = client.head(address)
            assert (response.status_code, b"".join(response)) == (expected, b"")


@pytest.mark.parametrize("name", [name for name in TABLE if not name.startswith(FOREIGN)])
def test_other_methods_are_not_allowed(world, allowed, name):
    methods = TABLE[name][1]
    known = {*methods, *({"HEAD"} if "GET" in methods else ())}
    client = allowed(SUPERUSER)
    for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known):
        response = client.generic(method, address_of(name, world))
        assert (method, response.status_code) == (method, 405)
        assert set(response["Allow"].split(", ")) == known


@pytest.mark.parametrize("name", [name for name in BY_PERMISSION if TABLE[name][0]])
def test_what_does_not_exist_is_not_found(world, allowed, name):
    for method, asked in BY_PERMISSION[name].items():
        ask = getattr(allowed(asked), method.lower())
        assert (method, ask(address_of(name, None), follow=True).status_code) == (method, 404)


@pytest.mark.parametrize("name", [name for name, methods in METHODS.items() if "POST" in methods])
def test_a_form_from_elsewhere_is_refused(world, allowed, name):
    asked = METHODS[name]["POST"]
    client = Client(enforce_csrf_checks=True) if asked == PUBLIC else allowed(asked, enforce_csrf_checks=True)
    response = client.post(address_of(name, world), headers={"Referer": "https://elsewhere.example/"})
    assert response.status_code == 403


def _names(resolver: URLResolver, prefix: str = "") -> list[str]:
    names = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            names += _names(pattern, inner)
        else:
            assert isinstance(pattern, URLPattern)
            names.append(f"{prefix}{pattern.name}")
    return names


def test_every_address_is_in_the_table():
    served = _names(get_resolver())
    assert None not in served
    ours = {name for name in served if not name.startswith("admin:")}
    assert sorted(ours - set(TABLE)) == []
    assert sorted(set(TABLE) - set(served)) == []
