"""Markup is put together as `format_html` does it: what is no markup yet is escaped, nothing twice."""

import pytest
from django.utils.html import format_html, format_html_join

from portal.lib import markup

PARTS = ("plain", "<b>&\"'", "100 % {} %s", "", markup.put("<i>%s</i>", "<&"))


@pytest.mark.parametrize("part", PARTS)
def test_it_is_what_django_writes(part):
    assert markup.put('<a href="%s">%s</a>', part, part) == format_html('<a href="{}">{}</a>', part, part)
    assert markup.joined((part, "<", part)) == format_html_join("", "{}", ((part,), ("<",), (part,)))


def test_what_was_put_together_is_markup():
    for written in (markup.put("<i>%s</i>", "<"), markup.joined(("<", "&")), markup.escape("<")):
        assert format_html("{}", written) == written
