"""What says which version this is says the same."""

import re
import tomllib

from portal import embedded

GROUPS = ["Added", "Changed", "Fixed", "Security", "Upgrading"]


def test_the_changelog_begins_with_this_version():
    """A change after a release begins a section of its own: "Unreleased"."""
    version = tomllib.loads((embedded.ROOT / "pyproject.toml").read_text())["project"]["version"]
    sections = re.findall(r"^## (.+)$", (embedded.ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert next(section for section in sections if section != "Unreleased") == version


def test_a_version_tells_its_changes_by_kind():
    text = (embedded.ROOT / "CHANGELOG.md").read_text()
    newest = next(
        part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:] if not part.startswith("Unreleased")
    )
    told = re.findall(r"^### (.+)$", newest, re.MULTILINE)
    assert told == [group for group in GROUPS if group in told]
    assert {"Security", "Upgrading"} <= set(told)


def test_the_licence_is_what_the_project_says():
    project = tomllib.loads((embedded.ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    for name in project["license-files"]:
        assert "Apache License" in (embedded.ROOT / name).read_text()[:200]
