"""The contracts in pyproject.toml leave no module of the shell out; test_lint.py tests that they are kept."""

import ast
import os
import subprocess
import sys
import tomllib

from tests.architecture.source import PACKAGES, ROOT, found


def test_every_module_of_the_shell_stands_in_a_layer():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = " ".join(contracts[0]["layers"])
    there = {
        f"portal.{file.stem}"
        for file in (ROOT / "portal").iterdir()
        if file.name not in ("__init__.py", "__pycache__", "migrations") and (file.is_dir() or file.suffix == ".py")
    }
    assert sorted(there - set(layers.replace(":", " ").replace("|", " ").split())) == []


def test_what_apps_declare_is_read_under_its_name():
    places = {place for package in PACKAGES for place in (ROOT / package).rglob("declares/*")}
    names = {place.stem for place in places if place.suffix == ".py" or (place / "__init__.py").exists()} - {
        "__init__"
    }
    read = {
        node.args[0].value
        for _, node in found(of=ast.Call)
        if ast.unparse(node.func).endswith("Declarations") and isinstance(node.args[0], ast.Constant)
    }
    assert names == read


def test_a_start_loads_nothing_that_only_pages_need():
    """Every command pays for what is imported as Django starts."""
    program = "import sys, django; django.setup(); print(*sys.modules)"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    started = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = {name for name in started.stdout.split() if name.partition(".")[0] in PACKAGES}
    assert "subscriptions.models" in loaded
    of_pages = {"declares", "admin", "admin_base", "urls", "views", "lists", "forms", "operations", "selectors"}
    assert sorted(name for name in loaded if of_pages & set(name.split("."))) == []
