"""Serve the Portal Settings app: Portal Config with its versions, and the termination reasons."""

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal import frame
from portal.lib import days, htmx, lists, money
from portal.lib.http import Request
from settings_app import forms, in_force, operations, policies, selectors, steps, tab_bar, tonight
from settings_app.lists import VERSIONS
from settings_app.models import TerminationReason

READ_OR_SAVE = ["GET", "HEAD", "POST"]
# Seconds for which somebody waits while renewals are counted.
PATIENCE = 5


@require_safe
def index(request: Request) -> HttpResponse:
    """Lead to Portal Config, the first tab."""
    return redirect("settings_app:portal_config")


@require_http_methods(READ_OR_SAVE)
@permission_required("settings_app.view_portalconfigversion", raise_exception=True)
def portal_config(request: Request) -> HttpResponse:
    """Show Portal Config, as a form to whoever may change it; a POST saves it."""
    if request.method == "POST":
        return _save_config(request)
    config = in_force.config_of(request)
    return _config_page(
        request,
        config=config,
        form=_config_form(config),
        fees=forms.FeeFormSet(initial=_fee_rows(config), prefix="fees"),
        renewals=forms.renewals_of(config.renewals_by_product),
    )


@permission_required("settings_app.add_portalconfigversion", raise_exception=True)
def _save_config(request: Request) -> HttpResponse:
    form = forms.ConfigForm(request.POST)
    fees: Any = forms.FeeFormSet(request.POST, prefix="fees")
    config = in_force.config_of(request)
    renewals: Any = forms.renewals_of(config.renewals_by_product, sent=request.POST)
    if not (form.is_valid() & fees.is_valid() & renewals.is_valid()):
        return _config_page(request, config=config, form=form, fees=fees, renewals=renewals, status=422)
    values = form.values(fees=fees.fees(), renewals=renewals.renewals())

    def again(sent: dict[str, str], **context: Any) -> HttpResponse:
        """Show the form with what was sent, and with what belongs to a second "Save"."""
        data = request.POST.copy()
        for name, value in sent.items():
            data[name] = value
        return _config_page(request, form=forms.ConfigForm(data), fees=fees, renewals=renewals, **context)

    question = tonight.question(
        days=values.reactivation_days, days_in_force=config.reactivation_days, at=timezone.now()
    )
    if question and form.cleaned_data["confirmed_days"] != question.days:
        return again({"confirmed_days": str(question.days)}, config=config, status=422, question=question)
    until = time.monotonic() + PATIENCE
    foreseen = steps.renewals_question(
        request, values=values, in_force=config, at=timezone.now(), stop=lambda: time.monotonic() > until
    )
    if foreseen:
        return again({"confirmed_renewals": foreseen.seal}, config=config, status=422, foreseen=foreseen.renewals)
    try:
        saved = operations.save_config(
            values=values,
            seen_version=form.cleaned_data["seen_version"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except operations.ConfigChanged as changed:
        # The same values again, now against the version in force: a second "Save" is a decision.
        return again(
            {"seen_version": str(changed.current.number)},
            config=changed.current,
            status=changed.status,
            seen_version=changed.seen_version,
            differences=policies.changes(before=changed.current, after=values),
        )
    if saved.changes:
        messages.success(request, f"Portal Config saved as version {saved.number}.")
    else:
        messages.info(request, f"Nothing was changed; version {saved.number} stays in force.")
    return htmx.lead_to(request, reverse("settings_app:portal_config"))


versions = lists.page(
    VERSIONS,
    template="settings_app/versions.html",
    context=lambda request: {"tabs": tab_bar.tabs(request, "versions")},
)


@require_safe
@permission_required("settings_app.view_terminationreason", raise_exception=True)
def reasons(request: Request) -> HttpResponse:
    """List the termination reasons."""
    return render(
        request,
        "settings_app/reasons.html",
        {
            "tabs": tab_bar.tabs(request, "reasons"),
            "reasons": selectors.reasons(),
            "can_change": request.user.has_perm("settings_app.change_terminationreason"),
        },
    )


@require_http_methods(READ_OR_SAVE)
@permission_required("settings_app.add_terminationreason", raise_exception=True)
def add_reason(request: Request) -> HttpResponse:
    """Ask for a new reason and add it."""
    form = forms.ReasonForm(request.POST if request.method == "POST" else None, is_new=True)
    if not form.is_bound:
        return _reason_page(request, form=form)
    if not form.is_valid():
        return _reason_page(request, form=form, status=422)
    try:
        operations.add_reason(
            code=form.cleaned_data["code"],
            values=form.values(),
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except frame.Refused as refusal:
        return _reason_page(request, form=form, status=frame.put_into(form, refusal))
    messages.success(request, f"“{form.cleaned_data['label']}” was added.")
    return htmx.lead_to(request, reverse("settings_app:reasons"))


@require_http_methods(READ_OR_SAVE)
@permission_required("settings_app.change_terminationreason", raise_exception=True)
def change_reason(request: Request, pk: int) -> HttpResponse:
    """Show a reason as a form and save what was changed."""
    try:
        reason = selectors.reason(pk)
    except TerminationReason.DoesNotExist as error:
        raise Http404 from error
    if request.method != "POST":
        return _reason_page(request, form=_reason_form(reason), reason=reason)
    form = forms.ReasonForm(request.POST, is_new=False)
    if not form.is_valid():
        return _reason_page(request, form=form, reason=reason, status=422)
    try:
        is_changed = operations.change_reason(
            pk=pk,
            seen=form.cleaned_data["seen"],
            values=form.values(),
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except operations.ReasonChanged as changed:
        current = changed.current
        return _reason_page(
            request, form=_reason_form(current), reason=current, status=changed.status, is_conflict=True
        )
    except frame.Refused as refusal:
        return _reason_page(request, form=form, reason=reason, status=frame.put_into(form, refusal))
    if is_changed:
        messages.success(request, f"“{form.cleaned_data['label']}” was saved.")
    else:
        messages.info(request, "Nothing was changed.")
    return htmx.lead_to(request, reverse("settings_app:reasons"))


def _config_form(config: selectors.Config) -> forms.ConfigForm:
    initial = {name: getattr(config, name) for name in policies.LABELS}
    messages = {f"{forms.MESSAGE}{kind}": whom for kind, whom in config.messages_by_kind.items()}
    where = forms.HERE if config.renewals_are_made_here else forms.ELSEWHERE
    return forms.ConfigForm(
        initial={**initial, **messages, "renewals_are_made_here": where, "seen_version": config.number}
    )


def _fee_rows(config: selectors.Config) -> list[dict[str, str]]:
    return [
        {
            "currency": currency,
            "amount": money.format_amount(amount, currency=currency)
            if money.is_currency(currency)
            else str(amount),
        }
        for currency, amount in sorted(config.fees.items())
    ]


def _problems(rows: Any, *, title: str, id: str) -> list[dict[str, str]]:
    """List what is wrong with a table for the error summary, each with the field that it leads to."""
    found = [{"text": f"{title} – {error}", "id": id} for error in rows.non_form_errors()]
    for number, row in enumerate(rows.forms, start=1):
        for field in row.visible_fields():
            found += [
                {"text": f"{title}, row {number}, {field.label} – {error}", "id": field.auto_id}
                for error in field.errors
            ]
    return found


def _config_page(
    request: Request,
    *,
    config: selectors.Config,
    form: forms.ConfigForm,
    fees: Any,
    renewals: Any,
    status: int = 200,
    seen_version: int | None = None,
    differences: tuple[policies.Change, ...] = (),
    question: tonight.Question | None = None,
    foreseen: tonight.Renewals | None = None,
) -> HttpResponse:
    saved_by, saved_at = selectors.saved_by(config.number)
    return render(
        request,
        "settings_app/portal_config.html",
        {
            "tabs": tab_bar.tabs(request, "config"),
            "config": config,
            "saved_by": saved_by,
            "saved_at": days.moment(saved_at),
            "can_change": request.user.has_perm("settings_app.add_portalconfigversion"),
            "settings": policies.in_words(config),
            "form": form,
            "fees": fees,
            "renewals": renewals,
            "table_problems": [
                *_problems(renewals, title="Renewals by product", id="renewals"),
                *_problems(fees, title="Administrative fees", id="fees"),
            ],
            "seen_version": seen_version,
            "differences": differences,
            "question": question,
            "foreseen": foreseen,
        },
        status=status,
    )


def _reason_form(reason: selectors.ReasonRow) -> forms.ReasonForm:
    values = operations.ReasonValues(
        label=reason.label,
        needs_ticket=reason.needs_ticket,
        is_active=reason.is_active,
        position=reason.position,
    )
    initial = {
        "label": reason.label,
        "needs_ticket": reason.needs_ticket,
        "is_active": reason.is_active,
        "position": reason.position,
        "seen": values,
    }
    return forms.ReasonForm(initial=initial, is_new=False)


def _reason_page(
    request: Request,
    *,
    form: forms.ReasonForm,
    reason: selectors.ReasonRow | None = None,
    status: int = 200,
    is_conflict: bool = False,
) -> HttpResponse:
    form.takes_focus = not is_conflict
    context = {"tabs": tab_bar.tabs(request, "reasons"), "form": form, "reason": reason, "is_conflict": is_conflict}
    return render(request, "settings_app/reason.html", context, status=status)
