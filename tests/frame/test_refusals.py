"""A refusal carries values; its words are declared once, by its code."""

from dataclasses import dataclass

import pytest
from django import forms
from django.utils.module_loading import import_string

from portal import frame
from portal.frame import refusals
from portal.lib import declarations


@dataclass(eq=False)
class TooMany(frame.Refused):
    code = "too_many_of_the_test"
    status = 422
    field = "count"

    count: int


def test_what_it_says_is_made_of_its_values(monkeypatch):
    monkeypatch.setattr(refusals, "_WORDS", declarations.Declarations("refusals", {}))
    frame.declare({TooMany: lambda refusal: f"{refusal.count} are too many."})
    assert str(TooMany(3)) == "3 are too many."


def test_a_code_is_declared_once(monkeypatch):
    monkeypatch.setattr(refusals, "_WORDS", declarations.Declarations("refusals", {}))
    frame.declare({TooMany: "Too many."})
    with pytest.raises(ValueError, match="too_many_of_the_test"):
        frame.declare({TooMany: "Too many."})


class Form(forms.Form):
    count = forms.IntegerField()


@pytest.mark.parametrize(("field", "beside"), [("count", "count"), ("", "__all__"), ("nowhere", "__all__")])
def test_a_form_says_it_beside_its_field(monkeypatch, field, beside):
    monkeypatch.setattr(refusals, "_WORDS", declarations.Declarations("refusals", {}))
    monkeypatch.setattr(TooMany, "field", field)
    frame.declare({TooMany: "Too many."})
    form = Form({"count": "3"})
    assert frame.put_into(form, TooMany(3)) == 422
    assert form.errors == {beside: ["Too many."]}


def _all(of: type[frame.Refused]) -> set[type[frame.Refused]]:
    return {sub for direct in of.__subclasses__() for sub in {direct, *_all(direct)}}


def test_every_refusal_of_the_product_has_a_code_of_its_own_and_words():
    import_string("django.urls.get_resolver")().url_patterns  # noqa: B018 - views name what they may meet
    ours = [one for one in _all(frame.Refused) if not one.__module__.startswith("tests.")]
    coded = [one for one in ours if "code" in vars(one)]
    assert len({one.code for one in coded}) == len(coded) > 0
    assert sorted(one.__qualname__ for one in coded if one.code not in refusals.declared()) == []
    assert sorted(one.__qualname__ for one in ours if one.__subclasses__() == [] and one not in coded) == []
