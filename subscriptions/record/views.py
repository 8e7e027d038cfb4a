"""The Subscriptions tab, the sidebar, auto-renewal, and the record of a termination."""

from __future__ import annotations

import functools
import uuid as uuids
from decimal import Decimal

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from customers import selectors as customers_selectors
from customers import steps as customers_steps
from customers import tab_bar
from customers.models import Organisation
from portal.lib import days, htmx, lists, mentions
from portal.lib.http import Request
from settings_app import in_force
from subscriptions.models import Subscription, Termination
from subscriptions.record import actions, refusals
from subscriptions.record import operations as record_operations
from subscriptions.record.lists import OF_CUSTOMER, SUBSCRIPTIONS, TERMINATIONS
from subscriptions.record.selectors import corrections, details, listing, terminations
from subscriptions.selectors import reading


@require_safe
@permission_required("subscriptions.view_subscription", raise_exception=True)
def tab(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """List an organisation's subscriptions."""
    try:
        organisation = customers_selectors.organisation_header(uuid)
    except Organisation.DoesNotExist:
        raise Http404 from None
    shown = lists.show(
        request,
        OF_CUSTOMER,
        rows=listing.subscriptions().filter(organisation_id=organisation.id),
        zone=organisation.timezone,
        target="#tab",
        caption="Subscriptions",
    )
    return tab_bar.page(
        request,
        organisation=organisation,
        tab="subscriptions",
        fragment="subscriptions/record/_tab.html",
        context={"shown": shown},
        status=200 if shown.is_valid else 422,
    )


subscription_list = lists.page(SUBSCRIPTIONS)
termination_list = lists.page(TERMINATIONS)


@require_safe
@permission_required("subscriptions.view_subscription", raise_exception=True)
def detail(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show "Subscription Details": as the sidebar for htmx, as a page otherwise."""
    subscription = _find(uuid)
    today = days.today_in(subscription.organisation.timezone, at=timezone.now())
    config = in_force.config_of(request)
    stands = reading.standing_of(subscription, on=today, reactivation_days=config.reactivation_days)
    shown = details.subscription_details(subscription, stands=stands, today=today, config=config)
    return htmx.render_page(
        request,
        page="subscriptions/record/detail.html",
        fragment="subscriptions/record/_detail.html",
        context={
            "details": shown,
            "links": mentions.found_in([entry.description for entry in shown.history]),
            "offers": actions.offers(subscription, stands=stands, may=request.user.has_perm),
            "close_url": reverse("subscriptions:tab", args=[shown.organisation_uuid]),
            # Where the next answer goes: into the sidebar, or into this page when it was opened by its address.
            "place": _place(request),
        },
    )


@require_safe
@permission_required("subscriptions.view_subscription", raise_exception=True)
def termination(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Show the record of a termination, as it was asked for, previewed and applied."""
    try:
        found = terminations.find_termination(uuid)
    except Termination.DoesNotExist:
        raise Http404 from None
    record = terminations.termination_record(found)
    return htmx.render_page(
        request,
        page="subscriptions/record/termination.html",
        fragment="subscriptions/record/_termination.html",
        context={
            "record": record,
            "links": mentions.found_in(record),
            "may_correct": request.user.has_perm("customers.post_correction"),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("customers.post_correction", raise_exception=True)
def correction(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Post a correction entry that names this termination: the termination itself stays."""
    try:
        found = terminations.find_termination(uuid)
    except Termination.DoesNotExist:
        raise Http404 from None

    def question(amount: Decimal) -> str:
        asks = refusals.GivesBackAboveCharged.when(corrections.given_back(found), more=amount)
        return str(asks or "")

    return customers_steps.correct(
        request,
        found.organisation.uuid,
        action=reverse("subscriptions:correction", args=[uuid]),
        back=reverse("subscriptions:termination", args=[uuid]),
        post=functools.partial(record_operations.correct_termination, termination_uuid=uuid),
        question=question,
    )


def _place(request: Request) -> str:
    is_page = not htmx.wants_fragment(request) or request.htmx.target == "details"
    return "#details" if is_page else "#sidebar"


def _find(uuid: uuids.UUID) -> Subscription:
    try:
        return reading.find(uuid)
    except Subscription.DoesNotExist:
        raise Http404 from None
