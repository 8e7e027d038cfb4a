"""Clean what people type, fold it for searching, and shorten what errors say."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

_APOSTROPHES = re.compile(r"['`]")
_NOT_KEPT = re.compile(r"[^a-z0-9@.+\-]+")
_NEWLINES = re.compile("\r\n|\r|\u2028|\u2029")

# Marks that turn the direction of writing, or that take no room at all. They come along unseen when somebody
# copies a telephone number from a contact list, so refusing them would puzzle; leaving them in would let a
# sentence in the audit log read otherwise than it was written. Joiners stay: Persian and emoji need them.
_UNSEEN = dict.fromkeys(
    [0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)


LONGEST_SHOWN = 60


class UnusableText(ValueError):
    """Say in a sentence which character makes a text unusable."""


def first_line(error: BaseException) -> str:
    """Give what an error says first, to go on in a sentence: PostgreSQL's details follow in other lines."""
    return str(error).strip().partition("\n")[0].rstrip(".") or "it does not say why"


def fold(text: str) -> str:
    """Fold a text for searching, so that accents, case and punctuation hide nobody.

    Written in ASCII letters and lower case. `@ . - +` stay, for addresses, telephone numbers and references;
    an apostrophe is dropped (O'Brien = OBrien), every other character that is neither letter nor digit
    separates words; words are one space apart. Fold the stored text and the question alike.

    *Shape*: only `a-z 0-9 @ . - +` and single spaces; may be empty.
    """
    # Most texts are plain already.
    plain = text if text.isascii() else anyascii(unicodedata.normalize("NFKC", text.translate(_UNSEEN)))
    plain = plain.casefold()
    return _NOT_KEPT.sub(" ", _APOSTROPHES.sub("", plain)).strip()


def sort_key(text: str) -> tuple[str, str]:
    """Give what people sort a name by: Ä stands with A, not behind Z; the text itself decides between equals."""
    return fold(text), text


def clean_line(text: str) -> str:
    """Clean a text of one line: composed (NFC), without unseen marks, trimmed.

    *Raises* `UnusableText` for control characters, line breaks and tabs among them.
    """
    cleaned = _trimmed(unicodedata.normalize("NFC", text.translate(_UNSEEN)))
    if _NEWLINES.search(cleaned) or "\n" in cleaned:
        raise UnusableText("This has several lines; expected one line.")
    _refuse_controls(cleaned, allowed="")
    return cleaned


def clean_text(text: str) -> str:
    """Clean a text of several lines: as `clean_line`, but line breaks (as a line feed) and tabs may stay.

    *Raises* `UnusableText` for every other control character.
    """
    cleaned = _trimmed(unicodedata.normalize("NFC", _NEWLINES.sub("\n", text.translate(_UNSEEN))))
    _refuse_controls(cleaned, allowed="\n\t")
    return cleaned


def bare(text: str) -> str:
    """Cut off both ends what nobody sees: blanks of any width, and marks that take no room.

    What stands between two visible characters stays.
    """
    return _trimmed(text)


def shown(text: str) -> str:
    """Write what somebody gave into a message: on one line, harmless to a terminal, not too long."""
    return harmless(text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}...")


def counted(number: int, word: str) -> str:
    """Write a count with its noun: 1 month, 1,200 months."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def harmless(text: str) -> str:
    """Write all of a text, the name of a file for example, so that no character of it moves a terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def cut(text: str, *, most: int) -> str:
    """Cut a text to so many characters; an ellipsis says so."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _refuse_controls(text: str, *, allowed: str) -> None:
    for character in text:
        # Cc: control characters, Cs: halves of a character that no encoding can write.
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed:
            raise UnusableText(
                f"This has a character that can't be kept (U+{ord(character):04X}); expected the text without it."
            )


def _trimmed(text: str) -> str:
    """Cut white space and formatting marks off both ends, so that nothing visible is nothing at all.

    Only blanks are cut, not every control character that Python takes for white space: those are refused.
    """
    first, last = 0, len(text)
    while first < last and _is_blank(text[first]):
        first += 1
    while last > first and _is_blank(text[last - 1]):
        last -= 1
    return text[first:last]


def _is_blank(character: str) -> bool:
    return character in "\t\n\r" or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cf"}
