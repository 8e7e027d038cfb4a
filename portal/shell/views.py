"""The shell: home, health, the style guide, and the page of a refused form."""

import sys

from django.contrib.auth.decorators import login_not_required, user_passes_test
from django.core.exceptions import PermissionDenied
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views import defaults
from django.views.decorators.http import require_safe

from portal.lib.http import Request
from portal.postgresql import migrated
from portal.shell import attention, help, navigation, unavailable
from portal.shell import styleguide as styleguide_context


@require_safe
def home(request: Request) -> HttpResponse:
    """Show what needs attention; whoever may open no page is told how to get a role."""
    if not navigation.items_of(request.user, path=request.path):
        raise PermissionDenied
    return render(request, "shell/home.html", attention.page(request, at=timezone.now()))


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database answers and has all that this version needs; what a newer one added is no fault."""
    status, text = 200, "ready\n"
    try:
        stands = migrated.of_the_database()
        if stands.missing:
            status, text = 503, "migrations are not applied\n"
        elif not stands.is_ready:
            status, text = 503, "the database was made by another version of the portal\n"
    except Error:
        status, text = 503, "the database does not answer\n"
    return HttpResponse(text, status=status, content_type="text/plain")


@require_safe
def help_index(request: Request) -> HttpResponse:
    """Lead to the first page of help."""
    return redirect("help_page", next(iter(help.PAGES)))


@require_safe
def help_page(request: Request, name: str) -> HttpResponse:
    """Show a page of help."""
    try:
        page = help.page(name)
    except KeyError:
        raise Http404 from None
    tabs = [
        {"label": label, "url": reverse("help_page", args=[one]), "is_current": one == name}
        for one, label in help.PAGES.items()
    ]
    return render(request, "shell/help.html", {"page": page, "tabs": tabs})


def _is_superuser(user: object) -> bool:
    if not getattr(user, "is_superuser", False):
        raise PermissionDenied
    return True


@require_safe
@user_passes_test(_is_superuser)
def styleguide(request: Request) -> HttpResponse:
    """Show every component in every state."""
    return render(request, "shell/styleguide.html", styleguide_context.context(request, at=timezone.now()))


def server_error(request: HttpRequest) -> HttpResponse:
    """Show that something went wrong, or that the database does not answer the middleware (session, log-in)."""
    error = sys.exc_info()[1]
    if error is not None and unavailable.is_away(error):
        return unavailable.page(request, error)
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say plainly that the form could not be accepted."""
    return render(request, "403_csrf.html", status=403)
