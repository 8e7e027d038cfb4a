import json

from django.http import HttpResponse
from django.test import RequestFactory

from portal.lib import htmx


def test_htmx_gets_the_fragment():
    assert htmx.wants_fragment(RequestFactory().get("/", headers={"HX-Request": "true"}))


def test_a_browser_gets_the_page():
    assert not htmx.wants_fragment(RequestFactory().get("/"))


def test_a_history_restore_gets_the_page():
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert not htmx.wants_fragment(RequestFactory().get("/", headers=headers))


def test_render_page_varies_and_keeps_the_status():
    request = RequestFactory().get("/", headers={"HX-Request": "true"})
    context = {"text": "Copied & kept", "tone": "info"}
    response = htmx.render_page(
        request, page="500.html", fragment="components/notice.html", context=context, status=422
    )
    assert response.status_code == 422
    assert "Copied &amp; kept" in response.content.decode()
    assert "<html" not in response.content.decode()
    assert set(response.headers["Vary"].split(", ")) == {"HX-Request", "HX-History-Restore-Request"}


def test_render_page_gives_a_browser_the_whole_page():
    response = htmx.render_page(
        RequestFactory().get("/"), page="500.html", fragment="components/notice.html", context={}
    )
    assert "<html" in response.content.decode()


def test_no_store():
    assert "no-store" in htmx.no_store(HttpResponse()).headers["Cache-Control"]


def test_several_events_on_one_response():
    response = HttpResponse()
    htmx.trigger(response, "announce", {"message": "Größe – done"})
    htmx.trigger(response, "close-dialog")
    header = response.headers["HX-Trigger"]
    assert header.isascii()
    assert json.loads(header) == {"announce": {"message": "Größe – done"}, "close-dialog": {}}
