"""What the strict Content Security Policy would refuse in silence, and what a template must not do, is banned."""

import ast
import re
from pathlib import Path

import pytest
from django.template import Engine, Template
from django.template.base import Node, NodeList
from django.template.defaulttags import URLNode
from django.urls import URLResolver, get_resolver

from tests.architecture.source import TEMPLATES, found, place, templates

# The policy refuses them without a word to the person at the screen.
BANNED = {
    "an inline style": r"<style\b|\sstyle\s*=",
    "an inline script": r"<script(?![^>]*\bsrc=)",
    "an event attribute": r"\son[a-z]+\s*=",
    "hx-on": r"\b(data-)?hx-on",
    "js: values": r"['\"{,\s](js|javascript):",
    "hx-vars": r"\bhx-vars",
    "a trigger filter": r"hx-trigger\s*=\s*(\"[^\"]*\[|'[^']*\[)",
    "a script or style from elsewhere": r"(src|href)\s*=\s*[\"'](https?:)?//",
    "text that is not escaped": r"\|\s*(safe|safeseq)\b|{%\s*autoescape\s+off",
}
# Days and amounts are written by portal.lib, sums are made by policies, rows are read by selectors.
NOT_HERE = {
    "a filter that formats": r"\|\s*(date|time|floatformat|intcomma|timesince|timeuntil|naturaltime|unlocalize)\b",
    "a filter that computes": r"\|\s*(add|divisibleby|dictsort|dictsortreversed|random|make_list)\b",
    "a query": r"\.(all|objects|filter|exclude|first|last|exists|order_by|select_related|values|\w+_set)\b(?!\s*=)",
    "a count": r"\.count\b",
    "a tag that computes": r"{%\s*(widthratio|now|regroup|lorem)\b",
}
ALLOWED = {
    ("components/tabs.html", "a count"),  # a number that the view gives
    ("bootstrap5/layout/radio_checkbox_select.html", "a filter that formats"),  # crispy's own, made accessible
}
# It renders our own pages, and the library escapes the markup in them (tests/shell/test_help.py).
PAST_THE_ESCAPING = {"portal/shell/help.py", "portal/lib/markup.py"}
_COMMENT = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}", re.DOTALL)
_CODE = re.compile(r"{{.*?}}|{%.*?%}", re.DOTALL)


def _name(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


def _without_comments(path: Path) -> str:
    return _COMMENT.sub("", path.read_text())


@pytest.mark.parametrize("what", BANNED)
def test_nothing_that_the_policy_refuses(what):
    pattern = re.compile(BANNED[what], re.IGNORECASE)
    assert [_name(path) for path in templates() if pattern.search(_without_comments(path))] == []


@pytest.mark.parametrize("what", NOT_HERE)
def test_templates_hold_no_rules_and_run_no_query(what):
    pattern = re.compile(NOT_HERE[what])
    guilty = {
        (_name(path), what)
        for path in templates()
        for code in _CODE.findall(_without_comments(path))
        if pattern.search(code)
    }
    assert guilty - ALLOWED == set()


@pytest.mark.parametrize(
    ("markup", "what"),
    [
        ('<p style="color: red">', "an inline style"),
        ("<script>alert(1)</script>", "an inline script"),
        ('<button onclick="go()">', "an event attribute"),
        ('<div hx-on:click="go()">', "hx-on"),
        ("<div hx-vals='js:{a: 1}'>", "js: values"),
        ("<input hx-trigger=\"keyup[key=='Enter']\">", "a trigger filter"),
        ('<script src="//cdn.example/x.js">', "a script or style from elsewhere"),
        ("{{ text|safe }}", "text that is not escaped"),
    ],
)
def test_the_lint_would_see_it(markup, what):
    assert re.search(BANNED[what], markup, re.IGNORECASE)


@pytest.mark.parametrize(
    "markup",
    [
        '<button type="submit" data-style="x">',
        '<script src="a.js" defer></script>',
        '<input hx-trigger="input changed">',
    ],
)
def test_the_lint_lets_the_rest_pass(markup):
    assert [what for what, pattern in BANNED.items() if re.search(pattern, markup, re.IGNORECASE)] == []


def test_every_fragment_opens_with_its_contract():
    fragments = [path for path in templates() if path.name.startswith("_") or path.parent.name == "components"]
    assert len(fragments) > 40
    silent = [
        _name(path)
        for path in fragments
        if not re.match(r"{#(?:(?!#}).)*\b(Context|Blocks):", path.read_text(), re.DOTALL)
    ]
    assert silent == []


def test_every_form_that_writes_carries_the_token():
    bare = [
        _name(path)
        for path in templates()
        for form in re.findall(r"<form\b.*?</form>", _without_comments(path), re.DOTALL | re.IGNORECASE)
        if re.search(r"method\s*=\s*[\"']post", form, re.IGNORECASE)
        and "csrf_token" not in form
        and not re.search(r"{%\s*include", form)
    ]
    assert bare == []


def _addresses(resolver: URLResolver, prefix: str = "") -> dict[str, set[frozenset[str]]]:
    """Collect the names that can be reversed: *Shape*: name to the sets of arguments it takes."""
    names: dict[str, set[frozenset[str]]] = {}
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            names |= _addresses(pattern, inner)
        else:
            names.setdefault(f"{prefix}{pattern.name}", set()).add(frozenset(pattern.pattern.converters))
    return names


def _nodes(nodes: NodeList) -> list[Node]:
    return [node for top in nodes for node in (top, *top.get_nodes_by_type(Node))]


@pytest.mark.parametrize("path", templates(), ids=_name)
def test_it_compiles_and_its_links_resolve(path):
    engine = Engine.get_default()
    template = Template(path.read_text(), engine=engine)
    known = _addresses(get_resolver())
    for node in _nodes(template.nodelist):
        if isinstance(node, URLNode) and isinstance(node.view_name.var, str):
            name = node.view_name.var
            given = len(node.args) + len(node.kwargs)
            assert name in known, name
            assert any(len(taken) == given and set(node.kwargs) <= taken for taken in known[name]), name
        for attribute in ("template", "parent_name"):
            named = getattr(getattr(node, attribute, None), "var", None)
            if isinstance(named, str):
                engine.get_template(named)


def test_python_writes_no_markup_past_the_escaping():
    used = [
        place(module, node)
        for module, node in found(of=ast.alias)
        if node.name in ("mark_safe", "SafeString", "SafeText") and module.path not in PAST_THE_ESCAPING
    ]
    used += [
        place(module, key)
        for module, node in found(of=ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and re.fullmatch(r"style|on[a-z]{3,}|hx-on.*|hx-vars", str(key.value))
    ]
    assert used == []


def test_our_scripts_evaluate_nothing():
    scripts = sorted((TEMPLATES.parent / "static" / "js").glob("*.js"))
    assert scripts
    banned = re.compile(r"\beval\(|new Function\(|\.innerHTML\s*=|document\.write|setAttribute\(\s*['\"](style|on)")
    assert [script.name for script in scripts if banned.search(script.read_text())] == []
