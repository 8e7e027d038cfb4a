"""Mark a credit note as Sent, void it, put it into Available Credits: each asks once, on a page of its own."""

import uuid as uuids
from collections.abc import Callable

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from invoicing import forms, operations, refusals, selectors
from invoicing.models import CreditNote
from invoicing.selectors import NoteDetails
from invoicing.views import answers, reading
from portal import frame
from portal.lib import money
from portal.lib.http import Request


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.send_creditnote", raise_exception=True)
def send_credit_note(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask why a draft is marked as Sent, and mark it."""
    details = reading.note_or_404(uuid)
    return _step(
        request,
        details,
        name="send",
        why_not=details.why_not_sendable,
        write=operations.mark_as_sent,
        done=f"Credit note {details.number} marked as Sent.",
        form_class=forms.SendForm,
        questions=selectors.questions_before_sending(uuid) if details.is_sendable else (),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.void_creditnote", raise_exception=True)
def void_credit_note(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask why a note is voided, and void it."""
    details = reading.note_or_404(uuid)
    return _step(
        request,
        details,
        name="void",
        why_not=details.why_not_voidable,
        write=operations.void,
        done=f"Credit note {details.number} voided.",
        form_class=forms.ReasonForm,
        questions=(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("invoicing.allocate_creditnote", raise_exception=True)
def put_into_credits(request: Request, uuid: uuids.UUID) -> HttpResponse:
    """Ask whether all that is unused of a note is used now, and use it."""
    details = reading.note_or_404(uuid)
    form = forms.UseForm(request.POST if request.method == "POST" else None, initial={"request_id": uuids.uuid4()})
    context = {"form": form, "note": details}
    if request.method != "POST":
        return answers.page(request, "put_in", context)
    if not form.is_valid():
        return answers.page(request, "put_in", context, status=422)
    try:
        used = operations.put_into_credits(
            note_uuid=uuid,
            request_id=form.cleaned_data["request_id"],
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except frame.Refused as refusal:
        return answers.refused(request, "put_in", context, form, refusal)
    said = [
        f"{money.display(part, currency=details.currency)} paid on {number}." for _, number, part in used.applied
    ]
    if used.put_in:
        said.append(f"{money.display(used.put_in, currency=details.currency)} put into Available Credits.")
    return answers.done(request, " ".join(said), reverse("invoicing:credit_note", args=[uuid]))


def _step(
    request: Request,
    details: NoteDetails,
    *,
    name: str,
    why_not: str,
    write: Callable[..., CreditNote],
    done: str,
    form_class: type[forms.ReasonForm],
    questions: tuple[frame.Refused, ...],
) -> HttpResponse:
    form = form_class(request.POST if request.method == "POST" else None, initial={"request_id": uuids.uuid4()})
    context = {"form": form, "note": details, "why_not": why_not, "questions": questions}
    if request.method != "POST":
        return answers.page(request, name, context)
    if not form.is_valid():
        return answers.page(request, name, context, status=422)
    try:
        note = write(
            note_uuid=details.uuid,
            **form.cleaned_data,
            by=frame.Actor.of(request.user),
            at=timezone.now(),
        )
    except refusals.SendingAsks as asked:
        return answers.page(request, name, context | {"questions": asked.questions}, status=asked.status)
    except frame.Refused as refusal:
        return answers.refused(request, name, context, form, refusal)
    return answers.done(request, done, answers.note_address(note))
