"""Serve the tax rates: list, add, withdraw."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import frame
from portal.lib import days, htmx
from portal.lib.http import Request
from settings_app import policies, tab_bar
from settings_app.models import TaxRate
from settings_app.operations import tax_rates as operations
from settings_app.selectors import tax_rates as selectors
from settings_app.taxes.forms import TaxRateForm


@require_safe
@permission_required("settings_app.view_taxrate", raise_exception=True)
def tax_rates(request: Request) -> HttpResponse:
    """List the tax rates."""
    return _list(request)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("settings_app.add_taxrate", raise_exception=True)
def add_tax_rate(request: Request) -> HttpResponse:
    """Ask for a new rate and add it."""
    form = TaxRateForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _form(request, form=form)
    if not form.is_valid():
        return _form(request, form=form, status=422)
    values = form.values()
    try:
        operations.add_tax_rate(values=values, by=frame.Actor.of(request.user), at=timezone.now())
    except frame.Refused as refusal:
        return _form(request, form=form, status=frame.put_into(form, refusal))
    messages.success(request, f"{_named(values)} was added.")
    return htmx.lead_to(request, reverse("settings_app:tax_rates"))


@require_POST
@permission_required("settings_app.delete_taxrate", raise_exception=True)
def withdraw_tax_rate(request: Request, pk: int) -> HttpResponse:
    """Take a rate back that has not begun. A second click is told that it is gone."""
    try:
        values = operations.withdraw_tax_rate(pk=pk, by=frame.Actor.of(request.user), at=timezone.now())
    except TaxRate.DoesNotExist:
        return _list(request, why_not="It was withdrawn already.", status=404)
    except operations.RateHasBegun as refusal:
        return _list(request, why_not=str(refusal), status=refusal.status)
    messages.success(request, f"{_named(values)} was withdrawn.")
    return htmx.lead_to(request, reverse("settings_app:tax_rates"))


def _named(values: operations.RateValues) -> str:
    begins = days.display(values.begins_on)
    return f"{values.country}: {values.name} {policies.per_cent(values.per_cent)} from {begins} on"


def _list(request: Request, *, why_not: str = "", status: int = 200) -> HttpResponse:
    at = timezone.now()
    rates = selectors.rates()
    # Of each country the first one that has begun is the one of today; the list has the youngest first.
    current: dict[str, int] = {}
    for rate in rates:
        if operations.has_begun(rate.begins_on, at=at):
            current.setdefault(rate.country, rate.id)
    rows = [
        {
            "id": rate.id,
            "country": rate.country,
            "name": rate.name,
            "per_cent": policies.per_cent(rate.per_cent),
            "begins_on": days.display(rate.begins_on),
            "has_begun": operations.has_begun(rate.begins_on, at=at),
            "is_current": current.get(rate.country) == rate.id,
        }
        for rate in rates
    ]
    context = {
        "tabs": tab_bar.tabs(request, "taxes"),
        "rates": rows,
        "why_not": why_not,
        "can_add": request.user.has_perm("settings_app.add_taxrate"),
        "can_withdraw": request.user.has_perm("settings_app.delete_taxrate"),
    }
    return render(request, "settings_app/taxes/list.html", context, status=status)


def _form(request: Request, *, form: TaxRateForm, status: int = 200) -> HttpResponse:
    context = {"tabs": tab_bar.tabs(request, "taxes"), "form": form}
    return render(request, "settings_app/taxes/add.html", context, status=status)
