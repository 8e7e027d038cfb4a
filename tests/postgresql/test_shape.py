"""The digest changes with whatever would change a new database, and with nothing that is edited all day."""

import inspect
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from tests.architecture.source import ROOT
from tests.support.postgresql import shape


@pytest.fixture
def customers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of the app's folder that a test may change, in the place of the app's."""
    config = apps.get_app_config("customers")
    copied = shutil.copytree(config.path, tmp_path / "customers")
    monkeypatch.setattr(config, "path", str(copied))
    return copied


@pytest.fixture
def digest(server) -> Callable[[], str]:
    return lambda: shape.digest(server.cursor)


def test_it_says_the_same_twice(digest):
    assert digest() == digest()


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "migrations/0001_initial.py").write_text("# another one"),
        lambda folder: (folder / "migrations/0001_initial.py").rename(folder / "migrations/0001_first.py"),
        lambda folder: (folder / "migrations/0002_guards.py").unlink(),
        lambda folder: (folder / "migrations/9999_last.py").write_text(""),
        lambda folder: (folder / "sql/customers_words.sql").write_text("SELECT 1"),
    ],
    ids=["edited", "renamed", "taken away", "added", "a function edited"],
)
def test_migrations_change_it(customers, digest, change):
    before = digest()
    change(customers)
    assert digest() != before


def test_other_code_does_not(customers, digest):
    before = digest()
    (customers / "views.py").write_text("# another one")
    (customers / "migrations/__pycache__").mkdir(exist_ok=True)
    (customers / "migrations/__pycache__/0001_initial.pyc").write_bytes(b"compiled")
    assert digest() == before


def test_a_new_right_changes_it(digest, monkeypatch):
    before = digest()
    meta = apps.get_model("customers", "Organisation")._meta
    monkeypatch.setattr(meta, "permissions", [*meta.permissions, ("greet", "Can greet")])
    assert digest() != before


def test_another_role_to_make_grants_for_changes_it(digest, settings):
    before = digest()
    settings.RUNTIME_ROLE = "somebody_else"
    assert digest() != before


def test_every_migration_there_is_has_a_say():
    named = {file for _, file in shape.files()}
    loaded = MigrationLoader(None).disk_migrations
    assert len(loaded) > 40
    assert {Path(inspect.getfile(type(one))) for one in loaded.values()} <= named


def test_what_follows_migrations_has_a_say():
    named = {str(file.relative_to(ROOT)) for _, file in shape.files() if file.is_relative_to(ROOT)}
    assert {
        "portal/apps.py",
        "portal/staff/roles.py",
        "portal/postgresql/owner.py",
        "requirements/run.txt",
        "tests/settings.py",
    } <= named


def test_models_without_migrations_have_a_say(customers, monkeypatch):
    models = ROOT / "customers/models/organisations.py"
    assert models not in {file for _, file in shape.files()}
    shutil.rmtree(customers / "migrations")
    assert models in {file for _, file in shape.files()}


def test_a_file_that_came_after_the_start_is_noticed(customers):
    later = time.time() + 60
    assert not shape.changed_since(later)
    before = time.time() - 1
    (customers / "migrations/9999_last.py").write_text("")
    os.utime(customers / "migrations/9999_last.py", (0, 0))
    assert shape.changed_since(before)
