"""An e-mail address is what the mail library would send to: the same everywhere."""

import smtplib
from smtplib import quoteaddr

import pytest
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import addresses
from tests.hostile import nasty

TEXTS = [text for text in (*nasty.TEXTS, *nasty.NUMBERS, *nasty.UUIDS) if isinstance(text, str)]
GOOD = (
    *("a@x.example", "A.B@X.Example", "billing+eu@acme-corp.example", "o'brien@x.example", "1@2.example"),
    *("a@b.c.d.example", "a@xn--bcher-kva.example", "a@bücher.example", "a@東京.example", "a@localhost"),
    *('"a,b"@x.example', "a@[192.0.2.1]", f"{'a' * 64}@x.example", f"a@{'b' * 63}.example"),
)
BAD = (
    *("", "a", "@", "a@", "@x.example", "a@x", "a@@x.example", "a b@x.example", "a@x.example.", ".a@x.example"),
    *("a.@x.example", "a..b@x.example", "a@-x.example", "a@x-.example", "a@x..example", "a@x.e", "a@x.123"),
    *(
        "a@x.example;",
        "a@x.example,",
        "mailto:a@x.example",
        "MAILTO:a@x.example",
        "<a@x.example>",
        "A <a@x.example>",
    ),
    *("a@x.example;b@x.example", "a@x.example, b@x.example", "a@x.example b@x.example", "a@x.example\n"),
    *(" a@x.example", "a@x.example ", "a@x.example\0", "a\r\nBcc: b@x.example", "ä@x.example", "a@x_y.example"),
    *("a@[192.0.2.256]", "a@[x]", f"{'a' * 250}@x.example", f"a@{'b' * 64}.example", "a(c)@x.example"),
    *('"a b"@x.example', "a@\u00adx.example", "a@fußball.example", "a@ｘ.example"),
    *("a@\u200b.example", "a@x.example\u200b", "a\uff20x.example", "\ud800@x.example", f"a@{'ü' * 60}.example"),
)


@pytest.mark.parametrize("address", GOOD)
def test_what_is_sent_to_is_an_address(address):
    assert addresses.check(address) == address
    # What smtplib writes after RCPT TO is the same once more.
    written = addresses.envelope(address)
    assert written.isascii()
    assert smtplib.quoteaddr(written) == f"<{written}>"


@pytest.mark.parametrize("text", BAD)
def test_whatever_else_is_none(text):
    assert not addresses.is_address(text)
    with pytest.raises(addresses.NotAnAddress):
        addresses.check(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("a@x.example;", "a@x.example"),
        ("a@x.example.", "a@x.example"),
        ("mailto:a@x.example", "a@x.example"),
        ("MAILTO:a@x.example?subject=Hello", "a@x.example"),
        ("Ann Tan <ann@x.example>", "ann@x.example"),
        ("E-mail: a@x.example", "a@x.example"),
        ("a@x.example; A@y.example", "one address alone"),
        ("a@x.example;a@x.example", "a@x.example"),
        ("nobody", "name@domain, such as billing@company.example"),
        ("", "name@domain, such as billing@company.example"),
    ],
)
def test_it_says_what_would_be_right(text, right):
    with pytest.raises(addresses.NotAnAddress) as refusal:
        addresses.check(text)
    assert refusal.value.right == right
    assert str(refusal.value) == f"“{text}” is not an e-mail address; expected {right}."


ATOMS = st.text("-!#$%&'*+/=?^_`{}|~09AZaz", min_size=1, max_size=8)
LABELS = st.text("-09AZaz", min_size=1, max_size=8)


@given(st.lists(ATOMS, min_size=1, max_size=3), st.lists(LABELS, min_size=1, max_size=4))
def test_the_quick_way_takes_nothing_that_the_library_would_not(atoms, labels):
    text = f"{'.'.join(atoms)}@{'.'.join(labels)}"
    if addresses._PLAIN.fullmatch(text):
        assert addresses._is_sent_to(text)


@given(st.emails() | st.text() | st.from_regex(r"\A[\w.@\" \[\]<>;,:-]{1,20}@[\w.\-]{1,20}\Z"))
def test_an_address_has_one_reader(text):
    if addresses.is_address(text):
        validate_email(text)
        written = addresses.envelope(text)
        assert quoteaddr(written) == f"<{written}>"


@pytest.mark.parametrize("word", sorted({*TEXTS, *nasty.NO_ADDRESSES}))
def test_no_nasty_text_is_an_address_and_each_is_refused_in_words(word):
    with pytest.raises(addresses.NotAnAddress) as refusal:
        addresses.check(word)
    assert str(refusal.value).isprintable()
