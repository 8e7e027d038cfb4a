"""Answer htmx and plain browsers from the same address.

A fragment is the body of its page: the view names both templates, and whoever asks gets the fitting one.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from portal.lib.http import Request


def wants_fragment(request: Request) -> bool:
    """Tell whether htmx asks for a part of the page that it shows.

    A history restore replaces the whole page, so it gets the whole page.
    """
    return bool(request.htmx) and not request.htmx.history_restore_request


def render_page(
    request: Request,
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


def lead_to(request: Request, address: str) -> HttpResponseRedirectBase:
    """Redirect to another page after a form. htmx loads the whole page, not a fragment."""
    if wants_fragment(request):
        return HttpResponseClientRedirect(address)
    return HttpResponseRedirect(address, status=303)
