"""The Django admin: for superusers only, behind the portal's own log-in."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class PortalAdminSite(AdminSite):
    """Django's admin with one door: the portal's log-in, which counts failed attempts."""

    site_header = "Portal administration"
    site_title = "Portal administration"
    index_title = "Everything the portal keeps"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let superusers in, nobody else."""
        return bool(request.user.is_active and request.user.is_superuser)

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Answer 403, not with another log-in, to staff who are no superusers; and 400 to a null byte."""
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            # A filter would ask the database for it, which knows no such character.
            if any("\0" in value for _, values in request.GET.lists() for value in values):
                raise BadRequest
            return guarded(request, *args, **kwargs)

        return cast(View, update_wrapper(inner, guarded))

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the portal's log-in; whoever is logged in already is let in or refused."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def logout(  # type: ignore[override]  # allauth answers with a redirect too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Log out the way the portal does."""
        # Imported late: this module is loaded while the apps are.
        from allauth.account.views import logout

        response: HttpResponse = logout(request)
        return response
