"""Apps declare what verify_ledger checks, each what is about its own tables; what runs the checks knows none."""

import ast
import datetime as dt
import re
import sys

import pytest

from portal import verification
from portal.verification import registry
from portal.verification.check import Check, Walk
from tests.architecture.source import found, modules, place

# From the lowest; a foreign key points down as well.
APPS = ("audit", "outbox", "jobs", "settings_app", "customers", "invoicing", "subscriptions")
TABLE = re.compile(rf"\b({'|'.join(APPS)})_[a-z]")


@pytest.mark.django_db
def test_what_an_app_declares_is_run_and_told_at_its_place(now: dt.datetime) -> None:
    walked = verification.Fault(kind="walked", where="a row", detail="it is wrong")
    own = registry.Registry()
    own.declare_parameters(lambda: {"wanted": 7})
    statement = "SELECT n AS place, n * 1.50 AS said, %(wanted)s AS wanted FROM generate_series(1, 2) n"
    own.declare("late", 20, Check("asked", "it says {said}, {wanted} was wanted", statement))
    own.declare("early", 10, Walk(("walked",), lambda asked: iter([walked] if asked.at == now else [])))
    assert list(verification.faults(at=now, declared=own)) == [
        walked,
        verification.Fault(kind="asked", where="1", detail="it says 1.5, 7 was wanted"),
        verification.Fault(kind="asked", where="2", detail="it says 3, 7 was wanted"),
    ]
    assert verification.kinds(own) == ("walked", "asked")
    with pytest.raises(ValueError, match="another declares checks at 10, where early"):
        own.declare("another", 10)


def test_what_runs_the_checks_knows_no_table_of_an_app() -> None:
    runner = [module for module in modules() if module.path.startswith("portal/verification/")]
    tables = re.compile(r"(settings_app|customers|invoicing|subscriptions)_")
    named = [
        place(module, node)
        for module, node in found(of=ast.Constant, within=runner)
        if isinstance(node.value, str) and tables.search(node.value)
    ]
    assert runner
    assert named == []


def test_each_check_belongs_to_the_highest_app_whose_tables_it_names() -> None:
    elsewhere = [
        (part.by, check.kind)
        for part in registry.declared().in_order()
        for check in part.checks
        if isinstance(check, Check)
        and max(TABLE.findall(check.sql), key=APPS.index) != part.by.removeprefix("portal.").split(".")[0]
    ]
    assert elsewhere == []


def test_no_module_of_checks_is_left_out() -> None:
    registry.declared()
    there = {module.path for module in modules() if module.path.split("/")[1:2] == ["checks"]}
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in there}
    assert names - set(sys.modules) == set()
