"""Send requests to a world, undo each, and note whatever must not come of one."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from tests.hostile import nasty, tables

READING = {"GET", "HEAD", "OPTIONS", "TRACE"}
WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?(\w+)", re.IGNORECASE)


class Sender:
    """Somebody with every right, whose requests are undone one by one; what must not happen is noted.

    *Shape*: `before` is what the tables held when everything was there that requests are about.
    """

    before: dict[str, tuple[int, int]]

    def __init__(self) -> None:
        self.user = User.objects.create_user("somebody", password="secret-word-1", is_superuser=True, is_staff=True)
        self.client = self._client()
        self.stranger = Client(raise_request_exception=False)
        self.guarded = self._client(enforce_csrf_checks=True)
        self.written: list[str] = []
        self.faults: list[str] = []
        self.count = self.accepted = 0
        self.statuses: Counter[int] = Counter()

    def _client(self, *, enforce_csrf_checks: bool = False) -> Client:
        client = Client(raise_request_exception=False, enforce_csrf_checks=enforce_csrf_checks)
        client.force_login(self.user, backend="portal.staff.permissions.Backend")
        return client

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
        cookies = copy.copy(client.cookies)
        self.written.clear()
        mark = transaction.savepoint()
        try:
            with connection.execute_wrapper(self._notice):
                response = client.generic(method, path, body, content_type, headers=headers or {})
                content = response.getvalue()
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
                f"    {(getattr(response, 'exc_info', None) or (None, None))[1]!r}"
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
