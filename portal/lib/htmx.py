"""Answer htmx and plain browsers from the same address.

A fragment is the body of its page: the view names both templates, and whoever asks gets the fitting one.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.http import trigger_client_event

Response = TypeVar("Response", bound=HttpResponseBase)


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part of the page it already shows.

    A history restore has no page around it any more, so it gets the whole one.
    """
    asked_by_htmx = request.headers.get("HX-Request") == "true"
    restores_history = request.headers.get("HX-History-Restore-Request") == "true"
    return asked_by_htmx and not restores_history


def render_page(
    request: HttpRequest,
    *,
    page: str,
    fragment: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Render the fragment for htmx and the whole page for everybody else.

    Shape: `page` extends base.html and includes `fragment`; both get the same context.
    """
    template = fragment if wants_fragment(request) else page
    response = render(request, template, dict(context), status=status)
    patch_vary_headers(response, ("HX-Request", "HX-History-Restore-Request"))
    return response


def no_store(response: Response) -> Response:
    """Forbid every cache, the browser's own included, to keep the response."""
    add_never_cache_headers(response)
    return response


def trigger(response: HttpResponse, name: str, detail: Mapping[str, Any] | None = None) -> HttpResponse:
    """Tell the page that something happened; `announce` with a `message` is read out and shown.

    Shape: several events may be added to one response; `detail` is what JSON can carry.
    """
    return trigger_client_event(response, name, dict(detail or {}))
