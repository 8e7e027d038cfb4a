"""How many bytes go over the wire, heads of the answers included, for who comes for the first time and again.

A visit is the way to an organisation's page: its address leads to the log-in, and that back to it. The files are
those that a browser asks for with the two pages; one that may be kept for good is not asked for again.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

from bench import walk
from bench.client import Answer, Client
from bench.figures import Figure, Measured
from bench.world import PASSWORD, World
from tests.support import pages

FIGURES = (
    Figure(name="weight_first_kb", says="first visit: log-in and organisation page", at_most=85),
    Figure(name="weight_repeat_kb", says="the same with the files at hand", at_most=10),
    Figure(name="weight_step_kb", says="a step from the sidebar to Apply's answer, the heaviest", at_most=4),
    Figure(name="weight_requests", says="the organisation page and its files", at_most=8),
)

CUSTOMERS = 20
"""Of so many customers the heaviest counts."""


def measure(world: World) -> list[Measured]:
    """Visit some customers and walk the whole way of a termination, in a copy."""
    url, port = world.serve_writers()
    with world.connect(url) as connection:
        customers = connection.execute(
            """
            SELECT o.uuid::text, s.uuid::text FROM subscriptions_subscription s
            JOIN customers_organisation o ON o.id = s.organisation_id
            WHERE s.status = 'active' AND s.expires_on > current_date + 1 ORDER BY md5(s.id::text) LIMIT %s
            """,
            [world.times(CUSTOMERS)],
        ).fetchall()
    visits = [_visit(port, f"/customers/{uuid}/") for uuid, _ in customers]
    answers, files = max(visits, key=lambda visit: _wire(visit[0]))
    browser = Client(port)
    browser.log_in("bench-agent-1", PASSWORD)
    steps = {
        name: max(answer.wire for answer in walked)
        for name, walked in _by_name([_walk(browser, subscription) for _, subscription in customers]).items()
    }
    kept = sum(file.wire for file in files.values() if "immutable" in (file.headers.get("Cache-Control") or ""))
    first = _wire(answers) + sum(file.wire for file in files.values())
    heaviest = max(steps, key=lambda name: steps[name])
    return [
        Measured(
            name="weight_first_kb",
            value=first / 1000,
            ours=f"files {(first - _wire(answers)) / 1000:.1f} kB ("
            + ", ".join(f"{name} {file.wire / 1000:.1f}" for name, file in files.items())
            + ")",
        ),
        Measured(
            name="weight_repeat_kb",
            value=(first - kept) / 1000,
            ours=f"organisation page {answers[-1].wire / 1000:.1f} kB",
        ),
        Measured(
            name="weight_step_kb",
            value=steps[heaviest] / 1000,
            ours=", ".join(f"{name} {size / 1000:.1f} kB" for name, size in steps.items()),
        ),
        Measured(
            name="weight_requests",
            value=1 + len(files),
            ours=f"{len(answers) + len(files)} with the log-in and its redirects",
        ),
    ]


def _walk(browser: Client, subscription: str) -> dict[str, Answer]:
    """Go from the sidebar to what Apply answers; give each step by name."""
    sidebar = browser.get(f"/subscriptions/{subscription}/", headers=walk.HTMX)
    shown = walk.to_choice(browser, subscription)
    return {"sidebar": sidebar, **shown, "Apply": walk.apply(browser, shown["choice"])}


def _visit(port: int, address: str) -> tuple[list[Answer], dict[str, Answer]]:
    """Come without a session; give the answers and the files they ask for, by name."""
    browser = Client(port)
    sent_away = browser.get(address, wanted=302)
    log_in = browser.get(f"{sent_away.location}?{urlencode({'next': address})}")
    form = next(form for form in pages.forms(log_in) if "password" in form.fields)
    data = form.data(login="bench-agent-1", password=PASSWORD)
    back = browser.post(form.action or "/log-in/", data, wanted=302)
    page = browser.get(back.location)
    files = {}
    for found in (log_in, page):
        for name in _named_by(found.content.decode()):
            if name not in files:
                files[name] = browser.get(name)
    return [sent_away, log_in, back, page], {
        re.sub(r"\.[0-9a-f]{12}\.", ".", name.rsplit("/", 1)[-1]): file for name, file in files.items()
    }


def _named_by(html: str) -> list[str]:
    """Find the files of a page: styles, scripts, pictures, the sprite of the icons."""
    tags = re.findall(r"<(?:link|script|img|use)\b[^>]*>", html)
    found = (re.search(r'\b(?:href|src)="(/static/[^"#?]+)', tag) for tag in tags)
    return list(dict.fromkeys(match[1] for match in found if match))


def _by_name(walks: list[dict[str, Answer]]) -> dict[str, list[Answer]]:
    return {name: [walk[name] for walk in walks] for name in walks[0]}


def _wire(answers: list[Answer]) -> int:
    return sum(answer.wire for answer in answers)
