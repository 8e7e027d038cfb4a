"""Pages of docs/ in the portal: complete, with links that lead somewhere, under its strict policy."""

import re

import pytest

from portal.shell import help as help_pages
from tests.support import pages

pytestmark = pytest.mark.django_db
NAMES = list(help_pages.PAGES)


@pytest.fixture(scope="module")
def bodies() -> dict[str, str]:
    return {name: str(help_pages.page(name).body) for name in NAMES}


def test_help_begins_with_its_first_page(client_of):
    response = client_of("agent").get("/help/", follow=True)
    assert response.redirect_chain == [("/help/refunds/", 302)]
    said = pages.words(response)
    assert "How a refund is computed" in said
    assert "./run quote_refund a0000000-0000-4000-8000-000000000001 --on 2026-11-29" in said
    # Whoever has no page to help with is not led here, and may still read.
    assert client_of("").get("/help/glossary/").status_code == 200


@pytest.mark.parametrize("name", ["operations", "gone", "README"])
def test_what_is_no_help_is_not_shown(client_of, name):
    assert client_of("agent").get(f"/help/{name}/").status_code == 404


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_whole_and_its_links_lead_somewhere(client_of, bodies, name):
    said = pages.words(client_of("agent").get(f"/help/{name}/"))
    assert "**" not in said
    assert "](" not in said
    assert "style=" not in bodies[name]
    regions = re.findall('role="region"[^>]*aria-label="([^"]+)"', bodies[name])
    assert len(set(regions)) == bodies[name].count("<table")
    for address in re.findall('href="([^"]+)"', bodies[name]):
        other, _, anchor = address.partition("#")
        where = re.fullmatch("/help/([a-z-]+)/", other)
        assert where or not other, address
        if anchor:
            assert f'id="{anchor}"' in bodies[where[1] if where else name], address


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("## Two, of *three*", '<h2 id="two-of-three">Two, of <em>three</em></h2>\n'),
        ("<b onclick='go()'>no</b>", "<p>&lt;b onclick='go()'&gt;no&lt;/b&gt;</p>\n"),
        ("[go](javascript:go())", "<p>[go](javascript:go())</p>\n"),
        ("[a month](glossary.md#month)", '<p><a href="/help/glossary/#month">a month</a></p>\n'),
        ("[below](#never-twice)", '<p><a href="#never-twice">below</a></p>\n'),
        ("[a site](https://example.org/x.md)", '<p><a href="https://example.org/x.md">a site</a></p>\n'),
        ("see [operations](operations.md#a) and [a plan](../plan.txt).", "<p>see operations and a plan.</p>\n"),
        (
            "## A & B\n| a | b |\n|---|--:|\n| 1 | 2 |",
            '<h2 id="a--b">A &amp; B</h2>\n'
            '<div class="table-wrap" role="region" tabindex="0" aria-label="Table 1: A &amp; B">'
            '<table class="table">\n<thead>\n<tr>\n<th>a</th>\n<th class="num">b</th>\n</tr>\n</thead>\n'
            '<tbody>\n<tr>\n<td>1</td>\n<td class="num">2</td>\n</tr>\n</tbody>\n</table>\n</div>',
        ),
    ],
)
def test_markdown_becomes_markup_of_the_portal(text, body):
    assert help_pages.rendered(f"# Title\n\n{text}") == help_pages.Page(title="Title", body=body)
