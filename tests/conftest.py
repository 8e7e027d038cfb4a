"""Fixtures every folder uses: people of each role, and a database that keeps its defaults."""

import gc
import importlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.template import RequestContext
from django.test import client as test_client
from django.utils import timezone

from invoicing.models import NumberSeries
from portal.frame import Actor
from settings_app.models import AdministrativeFee, ConfigHead, PortalConfigVersion
from subscriptions.clean_up import selectors
from tests.support.clients import StaffClient
from tests.support.postgresql import migrated_rows
from tests.support.sink import Sink

# Who starts the suite in the background of a script lets it ignore Ctrl-C, and so all that it starts. Tests send
# Ctrl-C to what they start, and would wait for it to end.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What is imported and collected stays to the end: no garbage collection has to go through it.
gc.disable()

_store_rendered_templates = vars(test_client)["store_rendered_templates"]


def _store_pages(store: dict[str, Any], signal: Any, sender: Any, template: Any, context: Any, **more: Any) -> None:
    """Keep the context of a page for `response.context`: copies for its many parts would cost more than they do."""
    if isinstance(context, RequestContext) and context.template is template:
        _store_rendered_templates(store, signal, sender, template, context, **more)


vars(test_client)["store_rendered_templates"] = _store_pages


# The linters need no database: another process migrates one meanwhile, for the module that takes longest. Of what
# starts processes, single tests take long: what is short is left for the end, so that all workers end together.
_FIRST = ("architecture/test_lint.py", "upgrade", "launcher", "bench", "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    here = Path(__file__).parent
    places = {first: place for place, first in enumerate(here / name for name in _FIRST)}

    def place_of(item: pytest.Item) -> int:
        return min((places[at] for at in (item.path, *item.path.parents) if at in places), default=len(places))

    items.sort(key=place_of)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage from now on, less often than Python would: a test makes much that is dropped at once."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()


# What a new portal starts with: who writes it, and the tables.
_DEFAULTS = {
    ("settings_app.migrations.0003_defaults", migrated_rows.SETTINGS): ConfigHead,
    ("invoicing.migrations.0003_series", migrated_rows.SERIES): NumberSeries,
}
_ARE_THERE = "SELECT " + ", ".join(f"EXISTS (SELECT FROM {model._meta.db_table})" for model in _DEFAULTS.values())


@pytest.fixture(scope="session")
def write_defaults() -> Callable[[], None]:
    """Write what a new portal starts with, unless it is there."""

    def write() -> None:
        # Each test with a database asks this: in one statement, and without composing it anew.
        with connection.cursor() as cursor:
            cursor.execute(_ARE_THERE)
            missing = [rows for rows, is_there in zip(_DEFAULTS, cursor.fetchone(), strict=True) if not is_there]
        if not missing:
            return
        with connection.schema_editor() as editor:
            for migration, _ in missing:
                importlib.import_module(migration).write(apps, editor)
        if connection.in_atomic_block:
            # The migrations' mark lasts as long as their transaction, which here is the test's.
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('portal.operation', '', true)")
        else:
            migrated_rows.remember(connection, *(tables for _, tables in missing))

    return write


@pytest.fixture(autouse=True)
def _defaults_after_flush(request: pytest.FixtureRequest, write_defaults: Callable[[], None]) -> None:
    """Write config, series and roles again where an earlier transactional test has emptied the tables."""
    marker = request.node.get_closest_marker("django_db")
    wanted = {"db", "transactional_db", "live_server", "client", "admin_client"} & set(request.fixturenames)
    if marker or wanted:
        request.getfixturevalue(
            "transactional_db"
            if (marker and marker.kwargs.get("transaction"))
            or "transactional_db" in wanted
            or "live_server" in wanted
            else "db"
        )
        write_defaults()


@pytest.fixture
def now() -> datetime:
    """A plain working moment; every organisation of the factories has this as 10 March 2026."""
    return datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def one_clock() -> Iterator[pytest.MonkeyPatch]:
    """Let the database's clock say what the clock of a test says, for the command that compares them."""
    read = selectors.clocks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selectors, "clocks", lambda: replace(read(), database=timezone.now()))
        yield patch


@pytest.fixture
def make_user(db: None) -> Callable[..., User]:
    """Create staff: `make_user("agent")`, roles of `portal.staff.roles` or "superuser"."""

    def make(role: str, username: str = "") -> User:
        user = User.objects.create_user(username or f"{role}-{User.objects.count()}", password="secret-word-1")
        if role == "superuser":
            user.is_superuser = user.is_staff = True
            user.save()
        elif role:
            User.groups.through._default_manager.create(user=user, group=Group.objects.get(name=role))
        return user

    return make


@pytest.fixture
def agent(make_user) -> Actor:
    """Somebody of the support staff."""
    return Actor.of(make_user("agent", "maria"))


@pytest.fixture
def configure(db) -> Callable[..., None]:
    """Put a new config version in force: `configure(allow_refund=False, fees={"SGD": "21.40"})`."""

    def save(*, fees: dict[str, str] | None = None, **values: Any) -> None:
        last = PortalConfigVersion.objects.latest("number")
        kept = {
            f.name: getattr(last, f.name) for f in last._meta.fields if f.name not in ("id", "number", "created_at")
        }
        version = PortalConfigVersion.objects.create(
            number=last.number + 1, created_at=timezone.now(), **{**kept, **values}
        )
        for currency, amount in (fees or {}).items():
            AdministrativeFee.objects.create(version=version, currency=currency, amount=amount)
        ConfigHead.objects.filter(id=1).update(version=version)

    return save


@pytest.fixture
def client_of(make_user: Callable[..., User]) -> Callable[[str], StaffClient]:
    """Log somebody of a role in: `client_of("agent")`; the user is `client.user`."""

    def log_in(role: str) -> StaffClient:
        client = StaffClient()
        client.user = make_user(role)
        client.force_login(client.user)
        return client

    return log_in


@pytest.fixture
def sink(tmp_path, settings):
    """A polite mail server; the settings lead to it."""
    made = Sink(log=tmp_path / "sink.jsonl")
    made.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", made.port, 5
    yield made
    made.kill()
