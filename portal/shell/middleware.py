"""What every request passes: a known proxy, a database that answers, a log-in; and no page is kept by browsers."""

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
    """Believe what is said of a request, https above all, only if a proxy of `TRUSTED_PROXIES` says it.

    Nothing further in sees what others say. Who says https where https is asked for is told so, and not redirected
    to https: a proxy would bring that back for ever.
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
            # Once, since anybody can say anything, and as often as they like.
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
    """Forbid every cache, the browser's own included, to keep pages.

    After a log-out, Back must not show what somebody saw. A form is good for one sending: whoever comes back to it
    is given a new one. Static files are answered further up and are kept for good.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        add_never_cache_headers(response)
        return response


class Unavailable:
    """Answer 503 when the database does not answer a view; what middleware meets comes to `server_error`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a lost database into the page; everything else stays what it is."""
        return unavailable.page(request, exception) if unavailable.is_away(exception) else None


class LoginRequired(LoginRequiredMiddleware):
    """Ask everybody to log in; htmx is sent to the log-in as a whole page, not into a fragment."""

    def process_view(
        self, request: HttpRequest, view_func: Any, view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Ask nobody where no log-in is needed: the health page must not need the database to read a session."""
        if not getattr(view_func, "login_required", True):
            return None
        response = super().process_view(request, view_func, view_args, view_kwargs)
        return None if response is None else self._sent(request, view_func, response)

    def _sent(self, request: HttpRequest, view_func: Any, response: HttpResponseBase) -> HttpResponseBase:
        """Come back after the log-in to the page the agent was on."""
        patch_vary_headers(response, ["HX-Request"])
        asked = cast(Request, request).htmx
        if not asked:
            return response
        try:
            current = asked.current_url_abs_path or "/"
        except ValueError:
            # A header that is no address, from something that is no browser.
            current = "/"
        target = redirect_to_login(current, self.get_login_url(view_func), "next")
        return HttpResponseClientRedirect(target.url)
