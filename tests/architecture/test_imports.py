"""Apps point one way, and inside an app the data has one way: the contracts are in pyproject.toml."""

import tomllib

from importlinter.cli import lint_imports

from tests.architecture.source import ROOT


def test_the_contracts_are_kept(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert status == 0, capsys.readouterr().out


def test_every_module_of_the_shell_stands_in_a_layer():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = " ".join(contracts[0]["layers"])
    there = {
        f"portal.{file.stem}"
        for file in (ROOT / "portal").iterdir()
        if file.name not in ("__init__.py", "__pycache__", "migrations") and (file.is_dir() or file.suffix == ".py")
    }
    assert sorted(there - set(layers.replace(":", " ").replace("|", " ").split())) == []
