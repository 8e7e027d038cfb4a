"""Middleware: trusted proxies, no caching of pages, a database that is lost, the log-in."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

from portal.lib import proxies
from portal.lib.http import Request
from portal.shell import unavailable

logger = logging.getLogger(__name__)


class KnownProxies:
    """Remove forwarding headers, X-Forwarded-Proto above all, unless a proxy in `TRUSTED_PROXIES` sent them.

    With SECURE on, an unknown peer that claims https gets 400. A redirect to https would come back through its
    proxy, for ever.
    """

    HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.is_told = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        peer = request.META.get("REMOTE_ADDR", "")
        if proxies.is_trusted(peer, trusted=settings.TRUSTED_PROXIES):
            return self.get_response(request)
        said = {name: request.META.pop(name) for name in self.HEADERS if name in request.META}
        if said and not self.is_told:
            # Logged once per process: anybody can send such headers, in any number.
            self.is_told = True
            logger.warning(
                "%s said where a request comes from, and is not believed: if it is a proxy of yours, add it to "
                "TRUSTED_PROXIES.",
                peer,
            )
        if settings.SECURE_SSL_REDIRECT and "HTTP_X_FORWARDED_PROTO" in said:
            return HttpResponse(
                f"The portal does not know the proxy that this came through ({peer}). "
                "Whoever runs the portal names it in TRUSTED_PROXIES.\n",
                status=400,
                content_type="text/plain",
            )
        return self.get_response(request)


class NotKept:
    """Forbid all caches, including the browser's, to store pages.

    After a log-out, Back must not show a page again. A form carries an id that is used once, so coming back has to
    load a new form. WhiteNoise answers static files before this middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        add_never_cache_headers(response)
        return response


class Unavailable:
    """Answer 503 when a view finds the database lost. Errors in middleware reach `server_error` instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Render the page of a lost database; other errors pass."""
        return unavailable.page(request, exception) if unavailable.is_away(exception) else None


class LoginRequired(LoginRequiredMiddleware):
    """Require a log-in. htmx loads the log-in as a whole page, not as a fragment."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Skip views without a log-in: the health check must not read a session from the database."""
        if not getattr(view_func, "login_required", True):
            return None
        response = super().process_view(request, view_func, view_args, view_kwargs)
        return None if response is None else self._sent(request, view_func, response)

    def _sent(self, request: HttpRequest, view_func: Any, response: HttpResponseBase) -> HttpResponseBase:
        """Return to the page that the agent was on, after the log-in."""
        patch_vary_headers(response, ["HX-Request"])
        asked = cast(Request, request).htmx
        if not asked:
            return response
        try:
            current = asked.current_url_abs_path or "/"
        except ValueError:
            # The header is no URL, so the client is no browser.
            current = "/"
        target = redirect_to_login(current, self.get_login_url(view_func), "next")
        return HttpResponseClientRedirect(target.url)
