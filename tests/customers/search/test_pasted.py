"""What people paste is read as what they mean."""

import pytest

from customers.search import pasted, policies


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("tel:+442079460000", "+442079460000"),
        ("tel:+44-20-7946-0000;ext=5", "+44-20-7946-0000"),
        ("Tel:+44 20 7946 0000", "+44 20 7946 0000"),
        ("sip:+442079460000@pbx.example", "+442079460000"),
        ("SIPS:%2B442079460000@pbx.example:5061;transport=tls", "+442079460000"),
        ("sip:sue@acme.example", "sue@acme.example"),
        ('"Sue" <sip:+442079460000@pbx.example>;tag=1', "+442079460000"),
        ("mailto:sue@acme.example?subject=Hello", "sue@acme.example"),
        ("mailto:sue@acme.example,tom@acme.example", "sue@acme.example"),
        ("Sue Tan <sue@acme.example>", "sue@acme.example"),
        ("Intel: 5", "Intel: 5"),
        ("Acme <Asia> Ltd", "Acme <Asia> Ltd"),
        ("Zürich AG", "Zürich AG"),
        ("", ""),
    ],
)
def test_takes_what_is_meant_out_of_a_link(typed, read):
    assert pasted.plain(typed) == read


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("Tel. +44 20 7946 0000", "442079460000"),
        ("Phone: (020) 7946-0000", "2079460000"),
        ("+44 (0) 20 7946 0000", "442079460000"),
        ("+44(0)20 7946.0000", "442079460000"),
        ("tel:+44 (0)20 7946 0000", "442079460000"),
        ("0044 20 7946 0000", "442079460000"),
    ],
)
def test_a_number_is_read_without_what_stands_around_it(typed, digits):
    assert digits in [word for reading in policies.readings(typed) for word in reading.words]


@pytest.mark.parametrize("typed", ["Tel Aviv 24", "T 24 Ltd", "Call me +65 6123"])
def test_a_word_that_is_no_label_stays(typed):
    assert len(policies.readings(typed)) == 1


WHOLE = "1a2b3c4d-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    "typed",
    [
        WHOLE,
        f"Subscription {WHOLE.upper()} terminated.",
        f"https://portal.example/subscriptions/{WHOLE}/",
        f"{WHOLE}, {WHOLE}",
        f"urn:uuid:{WHOLE}",
    ],
)
def test_a_uuid_is_read_out_of_what_stands_around_it(typed):
    assert pasted.uuid_in(typed) == WHOLE
    assert [reading.phrase for reading in policies.readings(typed)] == [WHOLE]


@pytest.mark.parametrize("typed", ["", "1a2b3c4d", f"{WHOLE} {WHOLE.replace('1a', '1b')}", f"a{WHOLE}"])
def test_no_uuid_is_read_where_none_or_several_stand(typed):
    assert pasted.uuid_in(typed) == ""


@pytest.mark.parametrize(
    ("typed", "shapes"),
    [
        ("IN-0000275", ["NumberPart in0000275"]),
        ("in 0000275", ["NumberPart in0000275"]),
        ("275", ["NumberPart 275"]),
        ("27", []),
        ("CT/2024-17", ["NumberPart ct202417"]),
        ("Rahmenvertrag", ["ReferencePart rahmenvertrag"]),
        ("1a2b3c4d", ["UuidRange 1a2b3c4d", "NumberPart 1a2b3c4d"]),
        (WHOLE, ["UuidRange 1a2b3c4d"]),
        ("+65 6123 4567", []),
        ("sue@acme.example", []),
        ("12 34 56 78", ["NumberPart 12345678"]),
        ("---", []),
    ],
)
def test_a_question_has_a_shape(typed, shapes):
    read = [
        f"{type(shape).__name__} {str(getattr(shape, 'first', ''))[:8]}{getattr(shape, 'folded', '')}"
        for shape in policies.shapes(typed)
    ]
    assert read == shapes
