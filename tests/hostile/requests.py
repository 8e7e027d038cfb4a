"""Requests that nobody should send, drawn by lot: addresses, questions, forms and what is broken as such."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from portal.shell import admin_config
from tests.architecture import world as worlds
from tests.hostile import nasty, tables
from tests.hostile.sender import Sender
from tests.support import factories, pages
from tests.support.addresses import TABLE, address_of

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


class Hostile(Sender):
    """One run of requests against one world."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.world = worlds.build()
        self.expired = factories.subscription(cycles=(factories.C("2025-11-01"),))
        super().__init__()
        self.rows = [row for row in vars(self.world).values() if hasattr(row, "pk")]
        self.uuids = [str(row.uuid) for row in self.rows if getattr(row, "uuid", None)]
        self.addresses = [address_of(name, self.world) for name in TABLE if name != "account_logout"]
        self.patterns = list(_patterns(get_resolver()))
        self.forms = list(self._forms())
        self.before = tables.digest()

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
            model = draw.choice(list(admin_config.site()._registry))._meta
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
