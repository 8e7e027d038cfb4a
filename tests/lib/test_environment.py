"""What a deployment sets: read, or refused in a sentence that names the variable."""

import pytest

from portal.lib import environment

NAME = "PORTAL_TEST_VARIABLE"


@pytest.fixture
def given(monkeypatch):
    def give(value):
        monkeypatch.delenv(NAME, raising=False)
        if value is not None:
            monkeypatch.setenv(NAME, value)

    return give


def whole():
    return environment.whole(NAME, default=12, least=1, most=65_535)


def is_on():
    return environment.is_on(NAME, meaning="as it should be")


def words():
    return environment.words(NAME, read=int, right="numbers with commas")


def text():
    return environment.text(NAME, default="else")


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        (None, text, "else"),
        ("", text, "else"),
        (" as it is ", text, " as it is "),
        (None, whole, 12),
        ("", whole, 12),
        ("1", whole, 1),
        ("65535", whole, 65_535),
        ("0080", whole, 80),
        (None, is_on, False),
        ("", is_on, False),
        *((word, is_on, True) for word in ("1", "true", "YES", "On")),
        *((word, is_on, False) for word in ("0", "False", "no", "OFF")),
        (None, words, []),
        ("", words, []),
        (" 1, 2 ,,3,", words, [1, 2, 3]),
    ],
)
def test_what_is_set_is_read(given, value, read, expected):
    given(value)
    assert read() == expected


@pytest.mark.parametrize(
    ("value", "read", "refusal"),
    [
        *(
            (value, whole, f"is {value!r}: it has to be a number from 1 to 65535.")
            for value in ("0", "65536", "-1", "80_00", "8e3", " 80", "eighty", "٨", "1" * 5000)
        ),
        *((value, is_on, f"is {value!r}: it has to be 1 (as it should be) or 0.") for value in ("yess", " 1", "2")),
        ("1,two,3", words, "has 'two': it has to be numbers with commas."),
        (" , ", words, "is ' , ': it has to be numbers with commas."),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_cannot_be_read_is_refused_in_a_sentence(given, value, read, refusal):
    given(value)
    with pytest.raises(environment.Unclear) as refused:
        read()
    assert str(refused.value) == f"{NAME} {refusal}"
