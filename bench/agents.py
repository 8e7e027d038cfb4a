"""People at work: agents who terminate and billing staff, by HTTP, as a browser without JavaScript would."""

from __future__ import annotations

import dataclasses
import queue
import random
import re
import threading
import uuid
from collections.abc import Sequence
from typing import Any

from bench.diary import Answer, Browser, Diary, Sent
from tests.support import pages

PART = re.compile(r"(paid|applied|put_in)_[0-9]+|surplus")
"""The names of the fields in which parts are taken back."""


class Worker:
    """Somebody who does one job after the other until told to stop."""

    def __init__(
        self, *, browser: Browser, diary: Diary, seed: int, stop: threading.Event, work: queue.SimpleQueue[str]
    ) -> None:
        self.browser = browser
        self.diary = diary
        self.rng = random.Random(seed)
        self._stop = stop
        self._work = work
        self._seen_lost = 0

    def run(self) -> None:
        """Work until told to stop."""
        while not self._stop.wait(self._pause()):
            try:
                about = self._work.get_nowait()
            except queue.Empty:
                self.diary.page(self.browser.get("/customers/"), address="/customers/")
                continue
            self.job(about)

    def _pause(self) -> float:
        # Whoever sees an error page looks at it for a moment before going on.
        lost, self._seen_lost = self.diary.lost - self._seen_lost, self.diary.lost
        return 0.3 if lost else 0.05

    def job(self, about: str) -> None:
        """Do one job."""
        raise NotImplementedError


class Agent(Worker):
    """Terminates subscriptions: reason, total refund, choice, Apply; clicks twice now and then."""

    def job(self, about: str) -> None:
        """Terminate one subscription; when the preview changes meanwhile, once more with the new one."""
        page = self.to_commit(about)
        for _ in range(2):
            if page is None:
                return
            sent = self.commit(page, about)
            twice = None
            if self.rng.random() < 0.15:
                again = dataclasses.replace(sent)
                self.diary.write(again)
                twice = threading.Thread(target=again.send)
                twice.start()
            answer = sent.send()
            if twice:
                twice.join()
            if sent.outcome != "refused" or answer is None:
                return
            page = self.to_choice(answer)

    def to_commit(self, about: str) -> Answer | None:
        """Go the way to the page whose button commits; None when there is none."""
        address = f"/subscriptions/{about}/terminate/"
        page = self.diary.page(self.browser.get(address), address=address, good=(200, 302))
        if page is not None and page.status == 302:  # expired long ago
            page = self.diary.page(self.browser.get(page.location), address=page.location)
        if page is None or _committing(page):
            return page
        reason = _form(page, "/refund/")
        if reason is None:
            self.diary.strange.append(f"{address} shows no form: {page.words[:200]}")
            return None
        data = reason.data(
            reason="too_expensive",
            explanation="Found something cheaper.",
            requested_by="Ms Tan",
            channel=self.rng.choice(("phone", "email", "letter")),
        )
        popup = self.diary.page(self.browser.post(reason.action, data), address=reason.action)
        return self.to_choice(popup) if popup else None

    def to_choice(self, page: Answer) -> Answer | None:
        """Press the popup's button; None when the page is no popup."""
        form = _form(page, "/choice/")
        if form is None:
            return page if _committing(page) else None
        return self.diary.page(self.browser.post(form.action, form.data()), address=form.action)

    def commit(self, page: Answer, about: str) -> Sent:
        """Fill in the page whose button commits, with an explanation by which the termination is found."""
        form = _committing(page)
        if form is None:
            raise RuntimeError(f"no button commits: {page.words[:200]}")
        token = f"Bench {uuid.uuid4()}"
        data = form.data(explanation=token)
        if "choice" in form.fields:
            data["acknowledge"] = pages.values(page, name="acknowledge")
            notes = pages.values(page, name="note")
            if notes and self.rng.random() < 0.4:
                data |= {"choice": "credit_note", "note": self.rng.choice(notes)}
                # Offered to billing staff alone.
                if "use_now" in form.fields and self.rng.random() < 0.7:
                    data["use_now"] = "1"
            else:
                data["choice"] = "automatic"
        sent = Sent("termination", self.browser, about, token, form.action, data)
        self.diary.write(sent)
        return sent


class Billing(Worker):
    """Records payments and takes them back; drafts, sends, allocates and puts in credit notes, and takes that back.

    Between them: top-ups, corrections of terminations of this round, and contacts, of each customer once.
    """

    def __init__(self, *, customers: Sequence[str], **what: Any) -> None:
        super().__init__(**what)
        self._customers = list(customers)

    def job(self, about: str) -> None:
        """Do something with an invoice, and something with a customer."""
        if self.rng.random() < 0.5:
            self._pay(about)
        else:
            self._note(about)
        self.rng.choice((self._top_up, self._correct, self._change_contacts))()

    def _pay(self, about: str) -> None:
        address = f"/invoices/{about}/payment/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, "/payment/")
        if not form:
            return
        amount = form.fields["amount"][0]
        part = amount if self.rng.random() < 0.5 else "1"
        paid = self._send("payment", about, form, method="bank_transfer", amount=part)
        if paid.outcome == "done" and self.rng.random() < 0.5:
            self._take_back_payment(about)

    def _take_back_payment(self, invoice: str) -> None:
        """Take back a part of a payment on this invoice, of those that can be."""
        address = f"/invoices/{invoice}/"
        page = self.diary.page(self.browser.get(address), address=address)
        offered = page and re.findall(r'href="/payments/([0-9a-f-]{36})/take-back/"', page.content.decode())
        if offered:
            payment = self.rng.choice(offered)
            self._take_back("take-back of a payment", f"/payments/{payment}/take-back/", payment)

    def _take_back(self, kind: str, address: str, about: str) -> None:
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, "/take-back/")
        if not form:
            return
        parts = [name for name, values in form.fields.items() if PART.fullmatch(name) and values != ["0"]]
        if parts:
            chosen = self.rng.choice(parts)
            amounts = {name: "1" if name == chosen else "" for name in parts}
            self._send(kind, about, form, amount="1", reason="Bounced", **amounts)

    def _note(self, about: str) -> None:
        address = f"/invoices/{about}/credit-note/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, "/credit-note/")
        if not form:
            return
        line = next((name.removeprefix("net_") for name in form.fields if name.startswith("net_")), None)
        if line is None:
            return
        made = self._send("note", about, form, **{f"net_{line}": "1", "reason": "Outage"})
        if made.outcome != "done":
            return
        note = made.location.strip("/").rsplit("/", 1)[-1]
        address = f"/credit-notes/{note}/send/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, "/send/")
        if not form:
            return
        if self._send("sending", note, form, reason="Sent by e-mail").outcome != "done":
            return
        used = self._put_in(note) if self.rng.random() < 0.5 else self._allocate(note)
        if used and self.rng.random() < 0.5:
            self._take_back("take-back of a note", f"/credit-notes/{note}/take-back/", note)

    def _allocate(self, note: str) -> bool:
        address = f"/credit-notes/{note}/allocate/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, "/allocate/")
        if not form or not page:
            return False
        offered = re.findall(r'<option value="([0-9a-f-]{36})"', page.content.decode())
        if not offered:
            return False
        sent = self._send("allocation", note, form, amount="1", invoice=self.rng.choice(offered))
        return sent.outcome == "done"

    def _put_in(self, note: str) -> bool:
        address = f"/credit-notes/{note}/put-in/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = _form(page, "/put-in/") if page else None
        return form is not None and self._send("put-in", note, form).outcome == "done"

    # ---- With a customer -----------------------------------------------------------------------------------

    def _top_up(self) -> None:
        customer = self.rng.choice(self._customers)
        self._move("top-up", f"/customers/{customer}/payment/top-up/", customer)

    def _correct(self) -> None:
        """Mend a termination of this round, in either direction."""
        ended = [
            sent.location for sent in list(self.diary.sent) if (sent.kind, sent.outcome) == ("termination", "done")
        ]
        if ended:
            record = self.rng.choice(ended)
            about = record.strip("/").rsplit("/", 1)[-1]
            # What would come to more than was charged asks, and is not posted.
            self._move("correction", f"{record}correction/", about, direction=self.rng.choice(("add", "take")))

    def _move(self, kind: str, address: str, about: str, **said: object) -> None:
        """Go through both steps of what moves a balance; the second posts."""
        end = "/" + address.strip("/").rsplit("/", 1)[-1] + "/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, end)
        if not form:
            return
        typed = form.data(amount="1", reason="Counted again", **said)
        preview = self.diary.page(self.browser.post(form.action, typed), address=address)
        form = preview and _form(preview, end)
        if form:
            self._send(kind, about, form, amount="1")

    def _change_contacts(self) -> None:
        """Change a customer's contacts, once: sent again, the form finds what it wrote itself."""
        if not self._customers:
            return
        customer = self._customers.pop(self.rng.randrange(len(self._customers)))
        address = f"/customers/{customer}/contacts/"
        page = self.diary.page(self.browser.get(address), address=address)
        form = page and _form(page, "/contacts/")
        if form:
            token = f"Bench {uuid.uuid4()}"
            self._send("contacts", customer, form, key=token, customer_reference=token)

    def _send(
        self, kind: str, about: str, form: pages.Form, *, key: str = "", amount: str = "", **changes: object
    ) -> Sent:
        data = form.data(**({"amount": amount} if "amount" in form.fields else {}), **changes)
        sent = Sent(kind, self.browser, about, key or form.fields["request_id"][0], form.action, data, amount)
        self.diary.write(sent)
        sent.send()
        return sent


def _committing(page: Answer) -> pages.Form | None:
    return _form(page, "/apply/") or _form(page, "/terminate-expired/")


def _form(page: Answer, end: str) -> pages.Form | None:
    return next((form for form in pages.forms(page) if form.action.endswith(end)), None)
