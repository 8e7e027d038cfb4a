"""The fields of the kit: what they read, and what they say of each kind of mistake."""

import dataclasses
import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django import forms
from django.template import Context, Template

from portal.lib import forms as fields
from portal.lib import mistakes


@dataclasses.dataclass(frozen=True)
class Values:
    """What a page shows."""

    name: str
    position: int


def _days(**bounds):
    field = fields.DayField()
    field.between(**bounds)
    return field


LIST = [("a", "A"), ("b", "B")]
KEY = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("field", "typed", "read"),
    [
        (fields.LineField(), "  Zoe\u200b\u0308 ", "Zoë"),
        (fields.LineField(max_length=2), "e\u0301e\u0301", "éé"),
        (fields.TextField(), " a\r\nb\t ", "a\nb"),
        (fields.SearchField(required=False), " \u200b ", ""),
        (fields.AddressField(), " a@x.example\u200b", "a@x.example"),
        (fields.CodeField(), "Moved_away-2", "moved_away-2"),
        (fields.CurrencyField(), " sgd ", "SGD"),
        (fields.UuidField(), f" {{{KEY}}} ", KEY),
        (fields.AmountField(currency="SGD"), "SGD 1,234.50", Decimal("1234.50")),
        (fields.AmountField(currency="SGD", min_value=0), "0", Decimal(0)),
        (fields.CountField(max_value=3650), "3,650", 3650),
        (fields.DayField(), " 2026-03-07\u200b", dt.date(2026, 3, 7)),
        (fields.DayField(required=False), " ", None),
        (_days(first=dt.date(2026, 3, 7), today=dt.date(2026, 3, 7)), "2026-03-07", dt.date(2026, 3, 7)),
        (fields.ChoiceField(choices=LIST), "b", "b"),
        (fields.DocumentField(choices=()), KEY.hex, KEY),
        (fields.RequestField(), str(KEY), KEY),
        (fields.SeenField(of=Values), '{"name": "A", "position": 1}', Values("A", 1)),
    ],
)
def test_what_is_typed_is_read(field, typed, read):
    assert field.clean(typed) == read


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        (fields.LineField(), " \u200b", "This is empty; expected a text."),
        (fields.TextField(max_length=2000), "\n", "This is empty; expected a text of at most 2,000 characters."),
        (fields.LineField(max_length=3), "abcd", "This has 4 characters; expected at most 3."),
        (fields.LineField(), "a\nb", "This has several lines; expected one line."),
        (
            fields.AddressField(),
            "",
            "This is empty; expected name@domain, such as billing@company.example.",
        ),
        (fields.AddressField(), "a@x.example;", "“a@x.example;” is not an e-mail address; expected a@x.example."),
        (fields.CodeField(), "a b", "“a b” is not a code; expected letters, digits, hyphens and underscores."),
        (fields.CurrencyField(), "", "This is empty; expected a currency code such as SGD."),
        (
            fields.UuidField(),
            "12",
            f"“12” is not a UUID; expected {mistakes.UUID}.",
        ),
        (fields.CurrencyField(), "XXY", "“XXY” is not a currency; expected a current ISO 4217 code such as SGD."),
        (fields.AmountField(currency="SGD"), "", "This is empty; expected an amount such as 1234.50."),
        (fields.AmountField(currency="JPY"), "", "This is empty; expected an amount such as 1234."),
        (fields.AmountField(currency="SGD"), "0", "“0” is too little; expected 0.01 or more."),
        (fields.AmountField(currency="SGD", min_value=0), "-1", "“-1” is too little; expected 0 or more."),
        (
            fields.AmountField(currency="SGD"),
            "1.005",
            "“1.005” has 3 decimals; expected at most 2, which is what SGD has.",
        ),
        (fields.CountField(), "", "This is empty; expected 0 or more."),
        (fields.CountField(max_value=9), "10", "“10” is out of range; expected a number from 0 to 9."),
        (fields.CountField(), "1_0", "“1_0” is not a whole number; expected digits only, such as 28."),
        (fields.DayField(), "", "This is empty; expected a date as year-month-day, such as 2026-03-07."),
        (
            fields.DayField(),
            "7.3.26",
            "“7.3.26” is not a date; expected a date as year-month-day, such as 2026-03-07.",
        ),
        (
            _days(today=dt.date(2026, 3, 7)),
            "2026-03-08",
            "This day is in the future; expected 7 March 2026 or an earlier day.",
        ),
        (
            _days(first=dt.date(2026, 3, 7)),
            "2026-03-06",
            "This day is too early; expected 7 March 2026 or a later day.",
        ),
        (_days(first=dt.date(2026, 3, 7), why_early="Not yet begun."), "2026-03-06", "Not yet begun."),
        (fields.ChoiceField(choices=LIST), "", mistakes.NOT_CHOSEN),
        (fields.ChoiceField(choices=LIST), "c", mistakes.NOT_IN_LIST),
        (fields.DocumentField(choices=()), "", mistakes.NOT_CHOSEN),
        (fields.DocumentField(choices=()), "IN-1", mistakes.NOT_IN_LIST),
        # What is hidden nobody has typed.
        (fields.RequestField(), "x", mistakes.INCOMPLETE),
        (fields.RequestField(), "", mistakes.INCOMPLETE),
        (fields.CountField(widget=forms.HiddenInput), "x", mistakes.INCOMPLETE),
        (fields.SeenField(of=Values), "", mistakes.INCOMPLETE),
        (fields.SeenField(of=Values), '{"name": "A"}', mistakes.INCOMPLETE),
        (fields.SeenField(of=Values), "[" * 100_000, mistakes.INCOMPLETE),
    ],
)
def test_a_mistake_says_what_is_wrong_and_what_would_be_right(field, typed, said):
    with pytest.raises(forms.ValidationError) as mistake:
        field.clean(typed)
    assert mistake.value.messages == [said]


def test_what_a_page_shows_comes_back_as_it_was():
    field = fields.SeenField(of=Values)
    assert field.clean(field.prepare_value(Values("“A”", 2))) == Values("“A”", 2)


class _Form(fields.Form):
    request_id = fields.RequestField()
    way = fields.ChoiceField(choices=LIST, widget=fields.Radios)
    on = fields.DayField()


def _rendered(form, template="{% load crispy_forms_tags %}{% crispy form %}"):
    return Template(template).render(Context({"form": form}))


def test_the_first_field_has_the_focus_until_something_was_sent():
    page = _rendered(_Form())
    # Of a group of buttons, the first.
    assert page.count(" autofocus") == 1
    assert 'value="a"' in page.split(" autofocus")[0].rsplit("<input", 1)[1]
    assert " autofocus" not in _rendered(_Form({}))
    quiet = _Form()
    quiet.takes_focus = False
    assert " autofocus" not in _rendered(quiet)


def test_a_day_is_shown_as_browsers_want_it():
    form = _Form(initial={"on": dt.date(2026, 3, 7)})
    form.field(fields.DayField, "on").between(first=dt.date(2026, 3, 1), today=dt.date(2026, 3, 9))
    widget = str(form["on"])
    assert all(
        said in widget for said in ('type="date"', 'value="2026-03-07"', 'min="2026-03-01"', 'max="2026-03-09"')
    )
    # The bounds are this form's own.
    assert "min=" not in str(_Form()["on"])
