"""What apps declare is found as somebody asks for it, and only then."""

import sys

import pytest

from portal.lib import declarations


@pytest.fixture
def apps(tmp_path, monkeypatch):
    """Two apps, of which one declares nothing."""
    folder = tmp_path / "upper_of_the_test" / declarations.FOLDER
    folder.mkdir(parents=True)
    (tmp_path / "lower_of_the_test").mkdir()
    for package in (folder, folder.parent, tmp_path / "lower_of_the_test"):
        (package / "__init__.py").touch()
    (folder / "things.py").write_text(f"from {__name__} import THINGS\nTHINGS.so_far.append('upper')\n")
    (folder / "others.py").write_text("raise AssertionError('nobody asked for others')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(declarations, "_packages", ())
    yield ("lower_of_the_test", "upper_of_the_test")
    for name in [name for name in sys.modules if name.startswith("upper_of_the_test")]:
        del sys.modules[name]
    declarations._modules.cache_clear()


THINGS: declarations.Declarations[list[str]] = declarations.Declarations("things", [])


def test_what_is_declared_is_found_once_it_is_asked_for(apps):
    declarations.look_in(apps)
    assert THINGS.so_far == []
    assert THINGS.all() == ["upper"]
    assert THINGS.all() == ["upper"]


def test_nobody_reads_before_it_is_known_where_to_look(apps):
    with pytest.raises(RuntimeError, match="Nobody has said yet where to look"):
        declarations.Declarations("things", []).all()
