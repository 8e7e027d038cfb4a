"""How long a search takes, in the database and as a page, beside the admin's; and whom it finds despite errors.

The questions are made of what the database holds, with a seed: twenty of each kind, fewer where it is tiny.
"""

from __future__ import annotations

import itertools
import random
import statistics
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench import figures
from bench.client import Client
from bench.figures import Figure, Measured
from bench.world import AGENTS, PASSWORD, SUPERUSER, World
from portal.lib import text

FIGURES = (
    Figure(name="search_sql_p95_ms", says="a search in the database, p95", at_most=25),
    Figure(name="search_p95_ms", says="a search, the whole page, p95", at_most=45),
    Figure(name="search_vs_admin", says="times quicker than the admin's search", at_least=100),
    Figure(name="search_recall", says="found with one wrong letter in five", at_least=0.9),
)

OF_EACH = 20
ADMIN_OF_EACH = 5
"""How many of each kind the admin is asked; it is slow."""
MISSPELT = 200

_PREPARED_AFTER = 5
"""As `portal.settings` has it for the web server."""

_SAMPLE = 4000
_SEED = 20
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class _Customer:
    """What a customer is asked for by."""

    uuid: str
    name: str
    email: str
    reference: str


def measure(world: World) -> list[Measured]:
    """Ask in the database, over HTTP and in the admin; every question is asked once before it counts."""
    _plan_as_the_server_does()
    customers, numbers, frequent = _what_there_is(world, "")
    kinds = _questions(customers, numbers, frequent, of_each=world.times(OF_EACH))
    ours = _times(kinds, _ours())
    found = {query for queries in kinds.values() for query in queries if _finds(query)}
    browser = Client(world.serve_readers())
    browser.log_in(AGENTS[0], PASSWORD)
    whole = _times(kinds, lambda query: browser.get("/customers/?" + urlencode({"q": query})).seconds)
    return [
        _p95("search_sql_p95_ms", ours),
        _p95("search_p95_ms", whole),
        _beside_the_admin(kinds, ours, found),
        _recall(customers, most=world.times(MISSPELT)),
    ]


def questions_of(url: str, world: World) -> dict[str, list[str]]:
    """Make the questions of another database of the world, by kind."""
    return _questions(*_what_there_is(world, url), of_each=world.times(OF_EACH))


def _plan_as_the_server_does() -> None:
    """Let this connection keep its plans, ours and the admin's, as those of the web server do."""
    from django.db import connection

    connection.ensure_connection()
    connection.connection.prepare_threshold = _PREPARED_AFTER


def _times(kinds: dict[str, list[str]], ask: Callable[[str], float]) -> dict[str, list[float]]:
    """Ask everything twice; the second time counts."""
    for queries in kinds.values():
        for query in queries:
            ask(query)
    return {kind: [ask(query) for query in queries] for kind, queries in kinds.items()}


def _p95(name: str, times: dict[str, list[float]]) -> Measured:
    every = [seconds for values in times.values() for seconds in values]
    medians = {kind: statistics.median(values) * 1000 for kind, values in times.items()}
    slowest = sorted(medians, key=medians.__getitem__, reverse=True)[:3]
    return Measured(
        name=name,
        value=figures.p95(every) * 1000,
        ours=f"median {statistics.median(every) * 1000:.1f} ms, worst {max(every) * 1000:.1f}; slowest kinds "
        + ", ".join(f"{kind} {medians[kind]:.1f}" for kind in slowest),
    )


def _ours() -> Callable[[str], float]:
    from customers.search import lookup

    def ask(query: str) -> float:
        with _sql_clock() as seconds:
            lookup.organisations(query)
        return sum(seconds)

    return ask


def _finds(query: str) -> bool:
    from customers.search import lookup

    return bool(lookup.organisations(query).rows)


@contextmanager
def _sql_clock() -> Iterator[list[float]]:
    """Give how long each statement took that Django sends meanwhile."""
    from django.db import connection

    seconds: list[float] = []

    def run(execute: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            seconds.append(time.perf_counter() - started)

    with connection.execute_wrapper(run):
        yield seconds


def _beside_the_admin(kinds: dict[str, list[str]], ours: dict[str, list[float]], found: set[str]) -> Measured:
    """Let the admin's list of organisations search: it counts, and reads its first page.

    Only what both find counts: the admin knows neither numbers nor other spellings. A whole UUID is no search, it
    is looked up by either.
    """
    from django.contrib.auth.models import User

    from bench import stock_admin
    from customers.models import Organisation

    page = stock_admin.page_of(Organisation)
    user = User.objects.get(username=SUPERUSER)
    mine, theirs = [], []
    for kind, queries in kinds.items():
        if kind == "uuid":
            continue
        for query, seconds in itertools.islice(zip(queries, ours[kind], strict=True), ADMIN_OF_EACH):
            if query not in found:
                continue
            request = stock_admin.asked(user, q=query)
            for _ in range(2):  # as ours, the second time counts
                with _sql_clock() as times:
                    rows = list(page.get_changelist_instance(request).result_list)
            if rows:
                mine.append(seconds)
                theirs.append(sum(times))
    one, other = statistics.median(mine), statistics.median(theirs)
    return Measured(
        name="search_vs_admin",
        value=other / one,
        ours=f"median {one * 1000:.2f} ms of {len(mine)}",
        peer=f"{other * 1000:.1f} ms",
    )


def _recall(customers: Sequence[_Customer], *, most: int) -> Measured:
    from customers.search import lookup

    rng = random.Random(_SEED)
    asked = found = 0
    for customer in customers:
        query = misspelt(text.fold(customer.name), rng)
        if query is None:
            continue
        listing = lookup.organisations(query)
        asked += 1
        found += customer.uuid in {str(row.uuid) for row in (*listing.rows, *listing.similar)[:50]}
        if asked == most:
            break
    return Measured(name="search_recall", value=found / asked, ours=f"{found} of {asked}")


def misspelt(name: str, rng: random.Random) -> str | None:
    """Write a folded name with one wrong letter in five of each word; None when no word has five letters.

    A wrong letter is another one, one too few, or one too many.
    """
    words = name.split()
    wrong = [_misspelt(word, rng) for word in words]
    return " ".join(wrong) if wrong != words else None


def _misspelt(word: str, rng: random.Random) -> str:
    if not word.isalpha():
        return word
    letters = list(word)
    for place in rng.sample(range(len(word)), len(word) // 5):
        other = rng.choice([letter for letter in _LETTERS if letter != word[place]])
        letters[place] = rng.choice((other, "", word[place] + other))
    return "".join(letters)


# ---- Questions ---------------------------------------------------------------------------------------------------


def _questions(
    customers: Sequence[_Customer], numbers: list[str], frequent: list[str], *, of_each: int
) -> dict[str, list[str]]:
    rng = random.Random(_SEED)
    plain = [customer for customer in customers if customer.name.isascii()]
    long = [customer.name for customer in plain if len(customer.name.split()) > 1 and len(customer.name) > 11]
    accented = [
        word for customer in customers for word in customer.name.split() if _is_written_in(word, latin=True)
    ]
    foreign = [
        word for customer in customers for word in customer.name.split() if _is_written_in(word, latin=False)
    ]
    typos = [wrong for name in long if (wrong := misspelt(text.fold(name), rng))]
    kinds = {
        "prefix": [name[: rng.randrange(5, 9)] for name in long],
        "middle": [name[start : start + 6].strip() for name in long for start in [rng.randrange(2, 6)]],
        "two words": [" ".join(reversed(name.split()[:2])) for name in long],
        "typo": typos,
        "accent": accented,
        "other scripts": foreign,
        "e-mail": [customer.email for customer in customers],
        "domain": ["@" + customer.email.partition("@")[2] for customer in customers],
        "number": numbers,
        "part of a number": [number[-7:-1] for number in numbers],
        "uuid": [customer.uuid for customer in customers],
        "beginning of a uuid": [customer.uuid[:8] for customer in customers],
        "reference": [customer.reference for customer in customers if customer.reference],
        "2 letters": [name[:2] for name in long],
        "3 letters": [name[:3] for name in long],
        "very frequent": frequent,
        "no hit": ["".join(rng.choice("qxzjvk") for _ in range(9)) for _ in range(of_each)],
    }
    # A tiny database has too few of some kinds: those are asked again.
    return {kind: list(itertools.islice(itertools.cycle(queries), of_each)) for kind, queries in kinds.items()}


def _is_written_in(word: str, *, latin: bool) -> bool:
    """Say whether a word has Latin letters beyond ASCII, or those of another script."""
    return any(
        letter.isalpha() and not letter.isascii() and unicodedata.name(letter, "").startswith("LATIN") is latin
        for letter in word
    )


def _what_there_is(world: World, url: str) -> tuple[list[_Customer], list[str], list[str]]:
    """Choose customers and numbers all over the database, and the most frequent words."""
    with world.connect(url) as connection:
        customers = [
            _Customer(*row)
            for row in connection.execute(
                """
                SELECT uuid::text, name, owner_email, customer_reference FROM customers_organisation
                WHERE owner_email <> '' ORDER BY md5(id::text) LIMIT %s
                """,
                [_SAMPLE],
            )
        ]
        numbers = connection.execute(
            "SELECT text FROM customers_searchkey WHERE kind = 'number' ORDER BY md5(text) LIMIT %s", [OF_EACH]
        ).fetchall()
        frequent = connection.execute(
            "SELECT word FROM customers_searchtext, unnest(words) word"
            " GROUP BY word ORDER BY count(*) DESC, word LIMIT %s",
            [OF_EACH],
        ).fetchall()
    return customers, [number for (number,) in numbers], [word for (word,) in frequent]
