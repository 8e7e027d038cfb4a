"""What nobody reads is deleted: templates are shown or included, icons named, classes of the stylesheet written."""

import ast
import re
from pathlib import Path

import crispy_bootstrap5

from portal.shell import navigation, styleguide
from tests.architecture.source import ROOT, TEMPLATES, found, templates

# Django, allauth and crispy look for these by their names.
OF_FRAMEWORKS = {"403.html", "404.html", "500.html", "account/login.html", "account/logout.html"}
FOLDERS_OF_FRAMEWORKS = ("admin/", "bootstrap5/")
# It shows what others have: that alone makes nothing useful.
GUIDE = "shell/styleguide.html"
OF_THE_GUIDE = {"guide", "guide-icons"}
OF_HTMX = {"htmx-request"}
_NAMED_ICON = re.compile(r'(?:icon\.html" with name|\bicon)="([^"]+)"')


def _named_by_templates() -> set[str]:
    """Collect the templates that are included or extended; by the style guide only its own fragments."""
    named: set[str] = set()
    for path in templates():
        name = str(path.relative_to(TEMPLATES))
        read = set(re.findall(r'{%\s*(?:include|extends) "([^"]+)"', path.read_text())) - {name}
        named |= {one for one in read if one.startswith("shell/_styleguide")} if _is_guide(name) else read
    return named


def _is_guide(name: str) -> bool:
    return name == GUIDE or name.startswith("shell/_styleguide")


def _named_by_python() -> list[re.Pattern[str]]:
    """Collect the names in the code; a part that is filled in is any word that stands somewhere as a text."""
    texts = {node.value for _, node in found(of=ast.Constant) if isinstance(node.value, str)}
    words = "|".join(sorted(re.escape(text) for text in texts if text.isidentifier()))
    patterns = [re.compile(re.escape(text)) for text in texts if text.endswith(".html")]
    for _, node in found(of=ast.JoinedStr):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else f"({words})" for part in node.values
        ]
        if parts[-1].endswith(r"\.html"):
            patterns.append(re.compile("".join(parts)))
    return patterns


def test_every_template_is_shown_or_included() -> None:
    included, shown = _named_by_templates(), _named_by_python()
    unread = [
        name
        for name in (str(path.relative_to(TEMPLATES)) for path in templates())
        if name not in included | OF_FRAMEWORKS
        and not name.startswith(FOLDERS_OF_FRAMEWORKS)
        and not any(pattern.fullmatch(name) for pattern in shown)
    ]
    assert unread == []


def test_the_icons_are_those_that_somebody_names_and_the_style_guide_shows_them_all() -> None:
    drawn = re.findall(r'<symbol id="([^"]+)"', (ROOT / "static" / "icons.svg").read_text())
    named = {icon for _, _, icon, _ in navigation.NAVIGATION}
    for path in templates():
        if not _is_guide(str(path.relative_to(TEMPLATES))):
            named |= set(_NAMED_ICON.findall(path.read_text()))
    assert set(drawn) == named
    assert tuple(drawn) == styleguide.ICONS


def test_every_class_of_the_stylesheet_is_written_by_somebody() -> None:
    static = ROOT / "static"
    style = re.sub(r"/\*.*?\*/|url\([^)]*\)", "", (static / "css" / "portal.css").read_text(), flags=re.DOTALL)
    pages = [path for path in templates() if not _is_guide(str(path.relative_to(TEMPLATES)))]
    theirs = Path(crispy_bootstrap5.__file__).parent / "templates"
    writers = [*pages, *theirs.rglob("*.html"), *(static / "js").glob("*.js")]
    written = {word for path in writers for word in re.findall(r"[\w-]+", path.read_text())}
    written |= {
        word
        for _, node in found(of=ast.Constant)
        if isinstance(node.value, str)
        for word in re.findall(r"[\w-]+", node.value)
    }
    # The button writes its class together: btn-{{ kind }}.
    written |= {
        f"btn-{word}" for path in pages for word in re.findall(r'\b(?:kind|size)="(\w+)"', path.read_text())
    }
    styled = set(re.findall(r"\.([a-zA-Z][\w-]+)", style))
    assert len(styled) > 100
    assert styled - written - OF_THE_GUIDE - OF_HTMX == set()
