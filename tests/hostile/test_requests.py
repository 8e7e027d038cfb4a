"""Two thousand requests nobody should send; with TEST_FULL=1, twenty thousand. HOSTILE_SEED=100 draws others.

Whatever comes in: no 5xx, no markup that comes back, no write by a reading method or by a refused request, and
no write at all that leaves no sentence in the audit or that the database would refuse at the commit. A request
that can only be refused must not write. Each request is undone, so that every one meets the same world; a seed
repeats its requests exactly.
"""

from __future__ import annotations

import logging
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from tests.architecture import world as worlds
from tests.hostile import nasty, tables
from tests.support import factories, pages
from tests.support.addresses import TABLE, address_of

pytestmark = pytest.mark.django_db

REQUESTS = 20_000 if os.environ.get("TEST_FULL") == "1" else 1_500
SHARE = 250
FIRST = int(os.environ.get("HOSTILE_SEED", "0"))
NOW = "2026-03-10T09:00:00Z"
READING = {"GET", "HEAD", "OPTIONS", "TRACE"}
# Sent to addresses that filter, search or page.
PARAMETERS = (
    *("q", "after", "before", "status", "kind", "app", "event", "actor", "description", "organisation"),
    *("date_from", "date_to", "expires_from", "expires_to", "notes_before", "notes_after", "page", "next"),
    *("p", "o", "e", "all", "_popup", "_to_field", "_changelist_filters", "is_active__exact", "id__gt"),
    *("term", "app_label", "model_name", "field_name", "password__startswith", "date_joined__year", "x__y"),
    nasty.MARKUP,
)
# What somebody would type, so that one nasty field meets a form that is right otherwise.
TYPED: dict[str, object] = {
    "explanation": "They asked.",
    "requested_by": "Ms Tan",
    "requested_on": "2026-03-10",
    "channel": "phone",
    "ticket": "T-1",
    "direction": "add",
    "amount": "1.00",
    "method": "bank_transfer",
    "received_on": "2026-03-10",
    "reference": "R-1",
    "whole_1": "",
    "net_1": "1.00",
    "tax_1": "0.00",
    "label": "Moved away",
    "code": "moved-away",
    "position": "3",
    "login": "somebody",
    "password": "secret-word-1",
    "username": "new",
    "usable_password": "true",
    "password1": "quite-a-long-word-1",
    "password2": "quite-a-long-word-1",
    "choice": "automatic",
}
WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)
ADDRESSES = {"notification_address", "owner_email", "billing_email"}
NUMERIC = {
    "amount",
    "net_1",
    "tax_1",
    "position",
    "full_refund_days",
    "reactivation_days",
    "number_reservation_days",
}
NUMERIC |= {"number_reservation_days_ported_in", "fees-0-amount"}


class Hostile:
    """One run of requests against one world."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.world = worlds.build()
        self.expired = factories.subscription(cycles=(factories.C("2025-11-01"),))
        self.user = User.objects.create_user("somebody", password="secret-word-1", is_superuser=True, is_staff=True)
        self.client = self._client()
        self.stranger = Client(raise_request_exception=False)
        self.guarded = self._client(enforce_csrf_checks=True)
        self.written: list[str] = []
        self.faults: list[str] = []
        self.count = self.accepted = 0
        self.statuses: Counter[int] = Counter()
        self.rows = [row for row in vars(self.world).values() if hasattr(row, "pk")]
        self.uuids = [str(row.uuid) for row in self.rows if getattr(row, "uuid", None)]
        self.addresses = [address_of(name, self.world) for name in TABLE if name != "account_logout"]
        self.patterns = list(_patterns(get_resolver()))
        self.forms = list(self._forms())
        self.before = tables.digest()

    def _client(self, **options: bool) -> Client:
        client = Client(raise_request_exception=False, **options)
        client.force_login(self.user, backend="portal.staff.permissions.Backend")
        return client

    # ---- What there is to send to --------------------------------------------------------------------------

    def _forms(self) -> Iterator[pages.Form]:
        addresses = [
            *(a for name, a in ((name, address_of(name, self.world)) for name in TABLE if name in _WITH_FORMS)),
            reverse("subscriptions:terminate_expired", args=[self.expired.uuid]),
            reverse("admin:auth_user_add"),
            reverse("admin:auth_user_change", args=[self.user.pk]),
            reverse("admin:auth_user_password_change", args=[self.user.pk]),
            reverse("admin:settings_app_terminationreason_add"),
            reverse("admin:customers_member_change", args=[self.world.member.pk]),
        ]
        for address in addresses:
            response = self.client.get(address)
            assert response.status_code == 200, address
            for form in pages.forms(response):
                form.action = form.action or address
                if form.method == "post" and not form.action.endswith(("/log-out/", "/logout/")):
                    yield form
        yield from self._flow()
        yield pages.Form(reverse("account_login"), "post", {"login": [], "password": [], "next": ["/customers/"]})

    def _flow(self) -> Iterator[pages.Form]:
        page = self.client.get(reverse("subscriptions:terminate", args=[self.world.neighbour.uuid]))
        for step in ("refund", "choice", "apply"):
            form = pages.form(page, action=f"/{step}/")
            yield form
            if step != "apply":
                page = self.client.post(form.action, self.filled(form))
                assert page.status_code == 200, (step, pages.words(page))

    def filled(self, form: pages.Form) -> dict[str, Any]:
        """The form as somebody would send it."""
        data: dict[str, Any] = {}
        for name, values in form.fields.items():
            if values and values != [""]:
                data[name] = values[-1]
            elif name == "reason" and "/terminate/" in form.action:
                data[name] = self.world.reason.code
            elif name == "reason":
                data[name] = "A reason."
            elif name in TYPED:
                data[name] = TYPED[name]
        return data

    # ---- Kinds of requests -----------------------------------------------------------------------------------

    def address(self) -> None:
        """An address that is made up, cut, or about something else; with any method."""
        draw = self.draw
        method = draw.choice(nasty.METHODS) if draw.random() < 0.5 else draw.choice(("GET", "POST"))
        if draw.random() < 0.15:
            path = "/" + "/".join(nasty.quoted(draw.choice(nasty.ALL))[:6_000] for _ in range(draw.randint(1, 3)))
        else:
            path = self._made_up_path()
        client = draw.choice((self.client, self.client, self.stranger))
        self.send(method, path, client=client)

    def _made_up_path(self) -> str:
        draw = self.draw
        for _ in range(50):
            name, keys = draw.choice(self.patterns)
            values: dict[str, object] = {}
            for key in keys:
                mine = self.uuids if key == "uuid" else [str(row.pk) for row in self.rows]
                values[key] = draw.choice(mine) if draw.random() < 0.6 else draw.choice(nasty.ALL)
            try:
                return reverse(name, kwargs=values)[:8_000]
            except (NoReverseMatch, UnicodeError):
                # The pattern does not let it in; sent all the same, in place of one that it would.
                ok = {key: self.uuids[0] if key == "uuid" else "1" for key in keys}
                try:
                    path = reverse(name, kwargs=ok)
                except NoReverseMatch:
                    continue
                for key in keys:
                    path = path.replace(str(ok[key]), nasty.quoted(values[key])[:8_000], 1)
                return path
        return "/"

    def question(self) -> None:
        """An address that exists, asked with nonsense."""
        draw = self.draw
        if draw.random() < 0.3:
            model = draw.choice(list(admin.site._registry))._meta
            path = reverse(f"admin:{model.app_label}_{model.model_name}_changelist")
        else:
            path = draw.choice(self.addresses)
        names = [draw.choice(PARAMETERS) for _ in range(draw.randint(1, 4))]
        query = nasty.form_body([(name, nasty.value_for(name, draw)) for name in names]).decode()[:60_000]
        headers = draw.choice(nasty.HEADERS[:10]) if draw.random() < 0.3 else {}
        self.send("GET", f"{path}?{query}", headers=headers)

    def form(self) -> None:
        """A real form with one to three fields that are wrong."""
        draw = self.draw
        form = draw.choice(self.forms)
        data = self.filled(form)
        names = sorted({*form.fields, *data} - {"csrfmiddlewaretoken"}) or ["x"]
        chosen = draw.sample(names, min(len(names), draw.choice((1, 1, 1, 2, 3))))
        must_refuse = False
        pairs: list[tuple[object, object]] = [(name, value) for name, value in data.items() if name not in chosen]
        for name in chosen:
            value = nasty.value_for(name, draw)
            if name == "seal" and draw.random() < 0.7:
                value = self._forged(str(data.get("seal", "")))
            elif draw.random() < 0.15:
                value = draw.choice(self.uuids)
            if draw.random() < 0.1 and name in data:
                pairs.append((name, data[name]))  # twice: Django takes the last
            if draw.random() < 0.07:
                continue  # left out
            pairs.append((name, value))
            must_refuse |= name == "seal"
            must_refuse |= name in NUMERIC and value in nasty.NO_NUMBERS
            must_refuse |= name in ADDRESSES and value in nasty.NO_ADDRESSES
        if draw.random() < 0.15:
            pairs += [(f"{draw.choice(names)}{suffix}", "1") for suffix in ("[]", "__in", "\0", "-0", ".x")]
        headers = {"HX-Request": "true"} if draw.random() < 0.5 else {}
        if draw.random() < 0.15:
            kind = "multipart/form-data; boundary=x"
            as_files = {str(draw.choice(names))}
            self.send(
                "POST",
                form.action,
                body=nasty.multipart_body(pairs, as_files=as_files),
                content_type=kind,
                headers=headers,
                must_refuse=must_refuse,
            )
            return
        self.send("POST", form.action, body=nasty.form_body(pairs), headers=headers, must_refuse=must_refuse)

    def _forged(self, seal: str) -> object:
        draw = self.draw
        at = draw.randrange(max(1, len(seal)))
        seals = [found for form in self.forms for found in form.fields.get("seal", [])]
        other = next((found for found in seals if found != seal), "")
        head, _, signature = seal.rpartition(":")
        return draw.choice(
            (
                seal[:at],
                seal[:at] + ("A" if seal[at : at + 1] != "A" else "B") + seal[at + 1 :],
                seal[::-1],
                seal + "=",
                f"{head}:",
                f":{signature}",
                f"{head}:{signature}:{signature}",
                other[:-1] if other else "",
                "eJw" + "A" * 500_000,
                "A" * 3 + ":" + "B" * 43,
            )
        )

    def protocol(self) -> None:
        """A request that is broken as such, or comes from elsewhere."""
        draw = self.draw
        form = draw.choice(self.forms)
        kind = draw.randrange(4)
        if kind == 0:
            # No token, or one that is none. A right form otherwise: it must not be done.
            token = draw.choice(("", "x" * 64, "\0", nasty.MARKUP, "é" * 32))
            data = {**self.filled(form), "csrfmiddlewaretoken": token}
            if draw.random() < 0.5:
                del data["csrfmiddlewaretoken"]
            headers = draw.choice(({}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"}))
            self.send(
                "POST",
                form.action,
                body=nasty.form_body(list(data.items())),
                headers=headers,
                client=self.guarded,
                must_refuse=True,
            )
        elif kind == 1:
            content_type = draw.choice(nasty.CONTENT_TYPES)
            body = draw.choice(nasty.BODIES)
            # Where a form has no field of its own, nothing in it can be wrong but its token.
            has_fields = bool(set(form.fields) - {"csrfmiddlewaretoken"})
            client = self.client if has_fields else self.guarded
            self.send("POST", form.action, body=body, content_type=content_type, client=client, must_refuse=True)
        elif kind == 2:
            headers = {**draw.choice(nasty.HEADERS), **(draw.choice(nasty.HEADERS) if draw.random() < 0.3 else {})}
            self.send(draw.choice(("GET", "HEAD", "POST")), draw.choice(self.addresses), headers=headers)
        else:
            # A form as it is, by the wrong method or by nobody.
            method = draw.choice([m for m in nasty.METHODS if m != "POST"])
            client = draw.choice((self.client, self.stranger))
            body = nasty.form_body(list(self.filled(form).items()))
            self.send(method, form.action, body=body, client=client, must_refuse=True)

    # ---- Sending, and what must hold ---------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/x-www-form-urlencoded",
        headers: dict[str, str] | None = None,
        client: Client | None = None,
        must_refuse: bool = False,
    ) -> None:
        self.count += 1
        client = client or self.client
        cookies = client.cookies.copy()
        self.written.clear()
        mark = transaction.savepoint()
        try:
            with connection.execute_wrapper(self._notice):
                response = client.generic(method, path, body, content_type, headers=headers or {})
                content = b"".join(response.streaming_content) if response.streaming else response.content
            self.statuses[response.status_code] += 1
            wrong = self._wrong(method, path, response, content, must_refuse=must_refuse)
            if self.written and not wrong:
                self.accepted += 1
                wrong = self._wrong_afterwards(response)
        finally:
            transaction.set_rollback(False)
            transaction.savepoint_rollback(mark)
            client.cookies = cookies
        if wrong:
            self.faults.append(
                f"{wrong}: {method} {path[:300]} {headers or ''} {content_type[:80]} {body[:600]!r}\n"
                f"    {getattr(response, 'exc_info', None) and response.exc_info[1]!r}"
            )

    def _notice(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        found = WRITE.match(sql)
        if found and found[1] not in tables.ASIDE:
            self.written.append(found[1])
        return execute(sql, params, many, context)

    def _wrong(self, method: str, path: str, response: Any, content: bytes, *, must_refuse: bool) -> str:
        status = response.status_code
        if status >= 500:
            return f"answered {status}"
        left = self._left(path)
        if left and method.upper() in READING:
            return f"a reading method wrote {left}"
        if left and status >= 400:
            return f"refused with {status} and wrote {left}"
        if left and must_refuse:
            return f"accepted ({status}) what must be refused, and wrote {left}"
        if left and "audit_auditentry" not in left:
            return f"wrote {left} without a sentence in the audit"
        kind = response.headers.get("Content-Type", "")
        if "html" in kind or not kind:
            text = content.decode(errors="replace").lower()
            for broken_out in nasty.BROKEN_OUT:
                if broken_out in text:
                    return f"{broken_out} came back as markup"
        headers = response.headers
        if "X-Canary" in headers or any("\n" in value or "\r" in value for value in headers.values()):
            return "a header of the sender came back"
        target = urlsplit(headers.get("Location", "") or headers.get("HX-Redirect", ""))
        if target.netloc not in ("", "testserver") or target.scheme not in ("", "http", "https"):
            return f"leads to {target.geturl()[:100]}"
        return ""

    def _left(self, path: str) -> list[str]:
        """Name the tables that are others now: an operation may write, see and take back."""
        if not self.written:
            return []
        now = tables.digest()
        aside = {"auth_user"} if path.startswith(reverse("account_login")) else set()  # the last log-in
        return sorted(table for table in now if now[table] != self.before[table] and table not in aside)

    def _wrong_afterwards(self, response: Any) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        # What was taken in is shown as text.
        target = response.headers.get("Location", "")
        for address in ("/audit/", "/customers/", target) if target.startswith("/") else ("/audit/", "/customers/"):
            page = self.client.get(address)
            if page.status_code >= 500:
                return f"{address} cannot be shown afterwards"
            text = page.content.decode(errors="replace").lower()
            if any(broken_out in text for broken_out in nasty.BROKEN_OUT):
                return f"markup stands in {address} afterwards"
        return ""


_WITH_FORMS = (
    *(
        "customers:contacts",
        "customers:correction",
        "customers:top_up",
        "subscriptions:detail",
        "subscriptions:terminate",
        "subscriptions:correction",
    ),
    *("invoicing:record_payment", "invoicing:create_credit_note", "invoicing:credit_note", "invoicing:allocate"),
    *("settings_app:portal_config", "settings_app:add_reason", "settings_app:change_reason", "outbox:list"),
)


def _patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every name there is, with the names of its parts."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{prefix}{pattern.name}", list(pattern.pattern.regex.groupindex)


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Thousands of refusals are no news."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def told() -> Iterator[Counter[str]]:
    """Add up what all shares did, and print it at the end (seen with -s)."""
    sums: Counter[str] = Counter()
    yield sums
    print("\n" + ", ".join(f"{count} {name}" for name, count in sums.items()))


def test_what_broke_once_does_not_break_again():
    with time_machine.travel(NOW, tick=False):
        hostile = Hostile(0)
        hostile.send("GET", reverse("admin:auth_group_change", args=[Group.objects.get(name="agent").pk]))
        hostile.send("GET", reverse("admin:audit_auditentry_changelist") + "?app=%00")
        seen = b"label=x&position=1&seen=" + b"%5B" * 3_000
        hostile.send("POST", reverse("settings_app:change_reason", args=[hostile.world.reason.pk]), body=seen)
    assert hostile.faults == []
    assert sorted(hostile.statuses.elements()) == [200, 400, 422]


@pytest.mark.django_db
def test_an_address_that_is_none_leads_to_the_log_in():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://[x]:1:x"}
    response = Client().get(reverse("customers:list"), headers=headers)
    assert (response.status_code, response["HX-Redirect"]) == (204, f"{reverse('account_login')}?next=/")


@pytest.mark.usefixtures("_quiet")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + REQUESTS // SHARE))
def test_whatever_is_sent_nothing_breaks_and_nothing_slips_in(seed, settings, told):
    settings.AXES_ENABLED = True
    with time_machine.travel(NOW, tick=False):
        hostile = Hostile(seed)
        kinds = (hostile.address, hostile.question, hostile.form, hostile.form, hostile.protocol)
        while hostile.count < SHARE:
            hostile.draw.choice(kinds)()
        after = tables.digest()
    told.update({"requests": hostile.count, "writes taken in and undone": hostile.accepted})
    told.update({f"answers {hundred}xx": 0 for hundred in range(2, 6)})
    told.update(f"answers {status // 100}xx" for status in hostile.statuses.elements())
    told.update({"faults": len(hostile.faults)})
    assert hostile.faults == [], f"{len(hostile.faults)} faults:\n" + "\n".join(hostile.faults)
    assert after == hostile.before
    assert hostile.count == SHARE
    # It came as far as the forms themselves: some were refused there, and some were right after all.
    assert min(hostile.statuses[200], hostile.statuses[422], hostile.accepted) >= 5
