import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.lib import text


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Zürich AG", "zurich ag"),
        ("  ZU\u0308RICH\u00a0\tAG \n", "zurich ag"),
        ("İstanbul", "istanbul"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("株式会社", "zhushihuishe"),
        ("Телеком", "telekom"),
        ("O'Brien", "obrien"),
        ("O’Brien & Sons (Pte.) Ltd", "obrien sons pte. ltd"),
        ("AT&T", "at t"),
        ("Billing+EU@Acme-Corp.example", "billing+eu@acme-corp.example"),
        ("+65 6123-4567", "+65 6123-4567"),
        ("\u202a+6561234567\u202c", "+6561234567"),
        ("REF/2024_01", "ref 2024 01"),
        ("100%", "100"),
        ("ＦＵＬＬ", "full"),
        ("a\0b", "a b"),
        ("\ud800", ""),
        ("", ""),
        ("!?", ""),
    ],
)
def test_folds_accents_case_and_punctuation(typed, folded):
    assert text.fold(typed) == folded


@given(st.text())
def test_a_folded_text_is_plain_and_stays_as_it_is(typed):
    folded = text.fold(typed)
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789@.+- ")
    assert folded == folded.strip()
    assert "  " not in folded
    assert text.fold(folded) == folded


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  Acme  Ltd\t", "Acme  Ltd"),
        ("Zu\u0308rich", "Zürich"),
        ("\u202aAcme\u202c", "Acme"),
        ("Acme\u202egnp.exe", "Acmegnp.exe"),
        ("\ufeffAcme\u200b", "Acme"),
        ("\u200b \u2060\u200d\u00ad", ""),
        ("نامه\u200cای", "نامه\u200cای"),
        ("Acme\n", "Acme"),
        ("", ""),
    ],
)
def test_cleans_a_line(typed, cleaned):
    assert text.clean_line(typed) == cleaned


@pytest.mark.parametrize("typed", ["a\nb", "a\r\nb", "a\rb", "a\u2028b"])
def test_a_line_has_no_breaks(typed):
    with pytest.raises(text.UnusableText, match="one line"):
        text.clean_line(typed)


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\x85", "\ud800"])
@pytest.mark.parametrize("clean", [text.clean_line, text.clean_text])
@pytest.mark.parametrize("around", ["a{}b", "{}b", "a{}"])
def test_control_characters_are_refused_wherever_they_stand(character, clean, around):
    with pytest.raises(text.UnusableText, match=r"can't be kept \(U\+"):
        clean(around.format(character))


def test_a_tab_belongs_to_texts_only():
    assert text.clean_text("a\tb") == "a\tb"
    with pytest.raises(text.UnusableText, match=r"U\+0009"):
        text.clean_line("a\tb")


def test_line_breaks_of_a_text_become_line_feeds():
    assert text.clean_text(" one\r\ntwo\rthree\u2028four\n\n") == "one\ntwo\nthree\nfour"


@given(st.text(), st.sampled_from([text.clean_line, text.clean_text]))
def test_cleaning_twice_changes_nothing_and_nothing_else_is_raised(typed, clean):
    try:
        cleaned = clean(typed)
    except text.UnusableText:
        return
    assert clean(cleaned) == cleaned
    cleaned.encode()
