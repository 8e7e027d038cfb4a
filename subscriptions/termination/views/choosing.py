"""Step 6, "How is the refund made?": the notes that can be chosen, what has to be confirmed, and what is picked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpResponse

from invoicing import selectors as invoicing_selectors
from portal.lib import money
from subscriptions.termination import operations, steps
from subscriptions.termination.forms import ReasonForm
from subscriptions.termination.quote import acknowledgements, figures, notes, quotes
from subscriptions.termination.selectors import credit_notes
from subscriptions.termination.steps import Step
from subscriptions.termination.views import answers
from subscriptions.termination.words import consequences, preview, told

MAY_USE = "invoicing.allocate_creditnote"


@dataclass(frozen=True)
class NoteOption:
    """One credit note that can be chosen, in words.

    *Shape*: `unused` is empty where all of it is; `figures_used` is of its use at once, for who may use it.
    """

    number: str
    total: str
    unused: str
    text: str
    figures: str
    figures_used: str
    is_chosen: bool
    boxes: tuple[answers.ToConfirm, ...]


def without_nul(typed: str) -> str:
    """Leave out what no text of the database can hold, and nobody can type."""
    return typed.replace("\0", "")


def choice_page(
    step: Step,
    quote: quotes.Quote,
    form: ReasonForm,
    *,
    seen: operations.Seen,
    status: int = 200,
    changes: tuple[str, ...] = (),
    problems: tuple[answers.Problem, ...] = (),
) -> HttpResponse:
    """Ask how the refund is made. What is offered here is sealed with what was seen before."""
    sent = step.request.POST
    search = without_nul(sent.get("note_search", "")).strip()
    shown, has_more = credit_notes.choosable_notes(step.subscription, quote=quote, search=search)
    picked, number = "", ""
    # That a search finds nothing does not mean that there is nothing else to pick.
    if shown or not search:
        sent_choice, sent_note = sent.get("choice", ""), sent.get("note", "")
        picked, number = _picked(quote, sent_choice=sent_choice, sent_note=sent_note, shown=shown)
    may_use = step.request.user.has_perm(MAY_USE)
    uses = credit_notes.planned_uses(step.subscription, quote=quote, chosen=shown) if may_use else {}
    document = quotes.document(quote)
    options = tuple(
        _option(
            step,
            quote,
            note,
            document=document,
            place=place,
            number=number,
            problems=problems,
            use=uses.get(note.note_id),
        )
        for place, note in enumerate(shown, start=1)
    )
    boxes = answers.to_confirm(step, acknowledgements.of_automatic(quote), problems, name="acknowledge")
    if not options:
        # Where no note can be chosen there is no list to point at.
        problems = tuple(replace(p, field="choice") if p.field == "note" else p for p in problems)
    offered = {note.number: notes.offer_of(note, currency=quote.currency) for note in shown}
    context = {
        "form": form,
        "says": answers.says(step, quote, asks_choice=bool(options or search)),
        "invoices": consequences.invoices(document),
        "seal": steps.seal_seen(step, replace(seen, offered=offered)),
        "picked": picked,
        "notes": options,
        "note_search": search,
        "has_more": has_more,
        "is_searching": bool(search) or has_more,
        "may_use": may_use,
        "use_now": "use_now" in sent if "choice" in sent else step.config.use_note_now,
        "acknowledgements": boxes,
        "preview": preview.preview_of(document, why_nothing=quote.why_nothing),
        "to_credits": money.display(quote.to_credits, currency=quote.currency) if quote.to_credits else "",
        "why_nothing": quote.why_nothing,
        "changes": changes,
        "problems": answers.summary(problems, [*boxes, *(box for option in options for box in option.boxes)]),
        "wrong": {problem.field: problem.text for problem in problems},
        "form_action": answers.address(step, "apply"),
        "search_action": answers.address(step, "choice"),
        "back_action": answers.address(step, "refund"),
    }
    return answers.page_of(step, "subscriptions/termination/_choice.html", context, status=status)


def _picked(
    quote: quotes.Quote, *, sent_choice: str, sent_note: str, shown: tuple[notes.Note, ...]
) -> tuple[str, str]:
    """Say what is picked: what was sent, the only option, or the one note that was taken off and fits."""
    if not shown:
        return "automatic", ""
    if sent_choice or sent_note:
        # Without scripts picking a note does not pick its option.
        return sent_choice or "credit_note", sent_note
    fitting = [
        note
        for note in quote.candidates
        if note.candidate == "taken_off" and not acknowledgements.of_note(quote, note=note)
    ]
    return ("credit_note", fitting[0].number) if len(fitting) == 1 else ("", "")


def _option(
    step: Step,
    quote: quotes.Quote,
    note: notes.Note,
    *,
    document: Mapping[str, Any],
    place: int,
    number: str,
    problems: tuple[answers.Problem, ...],
    use: invoicing_selectors.NoteUse | None,
) -> NoteOption:
    required = acknowledgements.of_note(quote, note=note)
    waiting = figures.Done(note=note.number, waits=note.unused)
    used = told.of_note(note.number, unused=note.unused, use=use) if use else None
    return NoteOption(
        number=note.number,
        total=money.display(note.total, currency=quote.currency),
        unused=money.display(note.unused, currency=quote.currency) if note.unused != note.total else "",
        text=_about(note),
        figures=figures.inline(figures.figures(document, done=waiting)),
        figures_used=figures.inline(figures.figures(document, done=used)) if used else "",
        is_chosen=note.number == number,
        boxes=answers.to_confirm(step, required, problems, name=f"difference-{place}"),
    )


def _about(note: notes.Note) -> str:
    if note.is_taken_off:
        return "names this subscription"
    if note.names_this:
        return "names this subscription; gave back what comes to nothing today"
    if note.candidate == "same_sum":
        return "names no subscription; has the sum of this refund"
    return "names no subscription"
