import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxMiddleware

from portal.lib import htmx


def request_with(**headers):
    request = RequestFactory().get("/", headers={name.replace("_", "-"): value for name, value in headers.items()})
    HtmxMiddleware(lambda request: HttpResponse())(request)
    return request


BROWSER, ASKING = request_with(), request_with(HX_Request="true")
RESTORING = request_with(HX_Request="true", HX_History_Restore_Request="true")


@pytest.mark.parametrize(("request_", "is_part"), [(ASKING, True), (BROWSER, False), (RESTORING, False)])
def test_only_who_has_a_page_around_it_gets_the_fragment(request_, is_part):
    assert htmx.wants_fragment(request_) is is_part


@pytest.mark.parametrize(
    ("request_", "status", "header"),
    [(ASKING, 200, "HX-Redirect"), (BROWSER, 303, "Location"), (RESTORING, 303, "Location")],
)
def test_both_are_led_to_another_page(request_, status, header):
    response = htmx.lead_to(request_, "/customers/")
    assert (response.status_code, response[header]) == (status, "/customers/")


def test_render_page_varies_and_keeps_the_status():
    context = {"text": "Copied & kept", "tone": "info"}
    response = htmx.render_page(
        ASKING, page="500.html", fragment="components/notice.html", context=context, status=422
    )
    assert response.status_code == 422
    assert "Copied &amp; kept" in response.content.decode()
    assert "<html" not in response.content.decode()
    assert set(response.headers["Vary"].split(", ")) == {"HX-Request", "HX-History-Restore-Request"}


def test_render_page_gives_a_browser_the_whole_page():
    response = htmx.render_page(BROWSER, page="500.html", fragment="components/notice.html", context={})
    assert "<html" in response.content.decode()
