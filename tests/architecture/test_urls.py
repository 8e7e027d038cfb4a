"""Every address of the table: nobody, without and with the permission, and with every method."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.support.addresses import FOREIGN, LOGGED_IN, PUBLIC, SUPERUSER, TABLE, address_of, client_with

pytestmark = pytest.mark.django_db
CASES = [(name, method) for name, (_, methods) in TABLE.items() for method in methods]
GUARDED = [case for case in CASES if TABLE[case[0]][1][case[1]][0] != PUBLIC]
BY_PERMISSION = [case for case in GUARDED if TABLE[case[0]][1][case[1]][0] != LOGGED_IN]


def _allowed(name: str, method: str, *, enforce_csrf_checks: bool = False) -> Client:
    asked = TABLE[name][1][method][0]
    return client_with(
        permissions=asked.split("+"), is_superuser=asked == SUPERUSER, enforce_csrf_checks=enforce_csrf_checks
    )


def _refused(name: str, method: str) -> Client:
    """Log in somebody who may do everything else."""
    asked = TABLE[name][1][method][0]
    everything = {
        f"{label}.{codename}"
        for label, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    return client_with(permissions=sorted(everything - {asked.split("+")[-1]}))


@pytest.mark.parametrize(("name", "method"), GUARDED)
def test_nobody_is_sent_to_the_log_in(world, name, method):
    address = address_of(name, world)
    response = Client().generic(method, address)
    assert response.status_code == 302
    # The admin's own log-in leads on to the portal's.
    doors = (f"{reverse('account_login')}?next=", f"{reverse('admin:login')}?next=")
    assert response["Location"].startswith(doors if name == "admin:index" else doors[0])
    if not name.startswith("admin:"):
        response = Client().generic(
            method, address, headers={"HX-Request": "true", "HX-Current-URL": "/customers/"}
        )
        assert response.status_code == 200
        assert response["HX-Redirect"].startswith(reverse("account_login"))


@pytest.mark.parametrize(("name", "method"), BY_PERMISSION)
def test_without_the_permission_it_is_refused(world, name, method):
    assert _refused(name, method).generic(method, address_of(name, world)).status_code == 403


@pytest.mark.parametrize(("name", "method"), CASES)
def test_with_the_permission_alone_it_answers(world, name, method):
    expected = TABLE[name][1][method][1]
    client = Client() if TABLE[name][1][method][0] == PUBLIC else _allowed(name, method)
    assert client.generic(method, address_of(name, world)).status_code == expected
    if method == "GET" and not name.startswith(FOREIGN):
        response = client.head(address_of(name, world))
        assert (response.status_code, b"".join(response)) == (expected, b"")


@pytest.mark.parametrize("name", [name for name in TABLE if not name.startswith(FOREIGN)])
def test_other_methods_are_not_allowed(world, name):
    methods = TABLE[name][1]
    known = {*methods, *({"HEAD"} if "GET" in methods else ())}
    client = client_with(permissions=[], is_superuser=True)
    for method in sorted({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known):
        response = client.generic(method, address_of(name, world))
        assert (method, response.status_code) == (method, 405)
        assert set(response["Allow"].split(", ")) == known


@pytest.mark.parametrize(("name", "method"), [case for case in BY_PERMISSION if TABLE[case[0]][0]])
def test_what_does_not_exist_is_not_found(name, method):
    ask = getattr(_allowed(name, method), method.lower())
    assert ask(address_of(name, None), follow=True).status_code == 404


@pytest.mark.parametrize("name", [name for name, method in CASES if method == "POST"])
def test_a_form_from_elsewhere_is_refused(world, name):
    client = Client(enforce_csrf_checks=True)
    if TABLE[name][1]["POST"][0] != PUBLIC:
        client = _allowed(name, "POST", enforce_csrf_checks=True)
    assert (
        client.post(address_of(name, world), headers={"Referer": "https://elsewhere.example/"}).status_code == 403
    )


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
