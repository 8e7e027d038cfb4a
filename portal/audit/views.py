"""Serve the audit list, and lead its former CSV address to its file."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.audit.lists import AUDIT
from portal.lib import lists
from portal.lib.http import Request

entries = lists.page(AUDIT)


@require_safe
@permission_required(AUDIT.permission, raise_exception=True)
def export(request: Request) -> HttpResponse:
    """Lead whoever kept the address of the CSV to the file of the list."""
    return redirect(reverse("audit:list", query={**request.GET.dict(), "format": "csv"}))
