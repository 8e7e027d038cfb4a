"""The two things every request passes: a database that answers, and a log-in."""

import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth import middleware as auth_middleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

logger = logging.getLogger(__name__)


class Unavailable:
    """Answer 503 with a plain page when the database does not answer; the next request tries again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            # A session or a user is read lazily, also while the response is made.
            return self.get_response(request)
        except (OperationalError, InterfaceError) as error:
            return self._page(request, error)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a lost database into the page; everything else stays what it is."""
        if isinstance(exception, OperationalError | InterfaceError):
            return self._page(request, exception)
        return None

    def _page(self, request: HttpRequest, error: Exception) -> HttpResponse:
        logger.error("503 %s %s: %s", request.method, request.path, str(error).strip().splitlines()[0:1])
        response = HttpResponse(render_to_string("503.html"), status=503)
        response["Retry-After"] = "5"
        response["Cache-Control"] = "no-store"
        return response


class LoginRequired(auth_middleware.LoginRequiredMiddleware):
    """Ask everybody to log in; htmx is sent to the log-in as a whole page, not into a fragment."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseBase:
        """Redirect to the log-in, and come back to the page the agent was on."""
        response = super().handle_no_permission(request, view_func)
        patch_vary_headers(response, ["HX-Request"])
        if not request.htmx:  # type: ignore[attr-defined]
            return response
        current = request.htmx.current_url_abs_path or "/"  # type: ignore[attr-defined]
        target = auth_middleware.redirect_to_login(current, self.get_login_url(view_func), "next")
        return HttpResponse(status=204, headers={"HX-Redirect": target["Location"]})
