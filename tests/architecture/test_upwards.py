"""Nothing below names what is above it: no address, no table. Contracts in pyproject.toml hold the imports."""

import ast
import re

import pytest
from django.apps import apps

from tests.architecture.source import PACKAGES, ROOT, TEMPLATES, found, modules, place, templates

# From the floor to the roof; of two in one row neither knows the other.
HEIGHTS = {
    **dict.fromkeys(("portal/lib", "portal/postgresql"), 0),
    "portal/frame": 1,
    "portal/audit": 2,
    "portal/outbox": 3,
    "portal/jobs": 4,
    **dict.fromkeys(("portal/staff", "portal/importing", "portal/verification"), 5),
    "settings_app": 6,
    "customers": 7,
    "invoicing": 8,
    "subscriptions": 9,
    **dict.fromkeys(("portal/demo", "portal/shell", "portal"), 10),
}
# What apps are called in addresses and tables; other names (admin, account) are everybody's.
NAMES = {name: f"portal/{name}" for name in ("frame", "audit", "outbox", "jobs")}
NAMES |= {name: name for name in ("settings_app", "customers", "invoicing", "subscriptions")}
_ANY = "|".join(NAMES)
_URL = re.compile(rf"{{%\s*url\s+['\"]({_ANY}):")
_TABLE = re.compile(rf"\b(?P<app>{_ANY})_[a-z]+\b")
_WRITE = re.compile(
    rf"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE)\s+(?:ONLY\s+)?(?P<table>(?P<app>{_ANY})_[a-z]+)\b",
    re.I,
)


def _height(path: str) -> int:
    """Give the height of a file of the product."""
    return HEIGHTS[_place(path)]


def _place(path: str) -> str:
    return max((name for name in HEIGHTS if path.startswith(f"{name}/")), key=len, default="portal")


@pytest.mark.parametrize("app", NAMES)
def test_templates_lead_to_their_own_app_and_lower_ones(app):
    up = [
        f"{path.relative_to(TEMPLATES)}: {named}"
        for path in templates()
        if path.relative_to(TEMPLATES).parts[0] == app
        for named in _URL.findall(path.read_text())
        if HEIGHTS[NAMES[named]] > HEIGHTS[NAMES[app]]
    ]
    assert up == []


def test_python_leads_to_its_own_app_and_lower_ones():
    up = [
        f"{place(module, node)} {named.value}"
        for module, node in found(of=ast.Call)
        if getattr(node.func, "attr", getattr(node.func, "id", "")) in ("reverse", "redirect", "resolve_url")
        for named in node.args[:1]
        if isinstance(named, ast.Constant)
        and isinstance(named.value, str)
        and (app := named.value.partition(":")[0]) in NAMES
        and HEIGHTS[NAMES[app]] > _height(module.path)
    ]
    assert up == []


def _texts() -> list[tuple[str, str, str]]:
    """Give every text of the living code that names a table. *Shape*: path, place, text."""
    strings = [
        (module.path, place(module, node), node.value)
        for module, node in found(of=ast.Constant, within=iter(m for m in modules() if not m.is_migration))
        if isinstance(node.value, str)
    ]
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("sql/*.sql"))]
    functions = [(str(file.relative_to(ROOT)), file.name, file.read_text()) for file in files]
    return [text for text in strings + functions if _TABLE.search(text[2])]


def test_sql_names_tables_of_its_own_app_and_lower_ones():
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    up = [
        f"{where} {table[0]}"
        for path, where, text in _texts()
        for table in _TABLE.finditer(text)
        if table[0] in tables and HEIGHTS[NAMES[table["app"]]] > _height(path)
    ]
    assert up == []


def test_sql_writes_tables_of_its_own_app():
    by_writers = [
        (module.path, place(module, node), "INSERT INTO " + str(node.args[0].value))
        for module, node in found(of=ast.Call)
        if isinstance(node.func, ast.Name) and node.func.id == "Writer" and isinstance(node.args[0], ast.Constant)
    ]
    assert by_writers
    written = {
        (path, write["table"])
        for path, _, text in [*_texts(), *by_writers]
        for write in _WRITE.finditer(text)
        if NAMES[write["app"]] != _place(path)
    }
    assert sorted(written) == []


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("INSERT INTO outbox_delivery (kind) SELECT 1", "outbox_delivery"),
        ("update customers_organisation SET name = ''", "customers_organisation"),
        ("WITH gone AS (DELETE FROM ONLY invoicing_invoice RETURNING 1) SELECT", "invoicing_invoice"),
        ("SELECT 1 FROM invoicing_invoice FOR NO KEY UPDATE", None),
    ],
)
def test_a_write_would_be_seen(statement, table):
    seen = _WRITE.search(statement)
    assert (seen["table"] if seen else None) == table
