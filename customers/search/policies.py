"""How a question is read. No Django."""

import itertools
import re
import uuid
from dataclasses import dataclass

from customers.search import finders, pasted
from portal.lib import text

LONGEST_QUERY = 200
MOST_WORDS = 8

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]{9,32}")
_NUMBER = re.compile(r"[0-9+ .\-]+")

# Shorter beginnings of a UUID would be shared by customers that nobody means.
_UUID_BEGINNING = 4
# From eight digits on a piece from the middle of a UUID says as much as its beginning.
_SHORT_HEX = re.compile(r"[0-9a-f-]{1,7}")
# A trigram index can look up three letters anywhere; fewer only where a word begins.
_SHORTEST_PART = 3
# Of a word with so many letters or digits in a run an index looks up so many of these, else so many of all.
_LONG_RUN, _LOOKED_UP_RUN, _LOOKED_UP = 6, 7, 10
# Below this a word has too few letters to be recognised with a wrong one; the other bound saves time.
_SHORTEST_TYPO = 4
_LONGEST_TYPO = 60
_LETTER = re.compile(r"[a-z]")
_LETTERS = re.compile(r"[a-z]*")
_SIGNS = "@.+-="
_AND = "and"
# As many signs of a UUID as an identity line shows, or more.
_UUID_PRINTED = re.compile(r"[0-9a-f]{8,32}")
_LONGEST_NUMBER = 100
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Reading:
    """One way to understand a question: all `words` must be found among the keys of an organisation.

    *Shape*: words as `portal.lib.text.fold` leaves them, so none of them holds a wildcard of SQL; one that begins
    with "=" is the beginning of a UUID. `is_whole`: the phrase must be a key.
    """

    words: tuple[str, ...]
    phrase: str
    is_whole: bool = False


def readings(query: str) -> tuple[Reading, ...]:
    """Read what was typed in every way that makes sense; nothing when it holds neither letter nor digit."""
    typed = pasted.plain(query[:LONGEST_QUERY])
    folded = text.fold(typed)
    words = _words(folded.split())
    if not words:
        return ()
    uuid = pasted.uuid_in(typed) or folded.removeprefix("urn uuid ")
    if _HEX.fullmatch(uuid) and (len(uuid) == 32 or any(map(str.isdigit, uuid))):
        uuid = _with_hyphens(uuid)
    if _UUID.fullmatch(uuid):
        return (Reading(words=(uuid,), phrase=uuid, is_whole=True),)
    read = [Reading(words=words, phrase=folded)]
    # "&" is folded to nothing, so "and" is not looked for.
    if _AND in folded.split() and words != (_AND,):
        read.append(Reading(words=words, phrase=" ".join(word for word in folded.split() if word != _AND)))
    if uuid != folded:
        read.append(Reading(words=(f"={uuid}",), phrase=f"={uuid}"))
    # A number is written in many ways: +65 6123-4567, (0)44 123 45 67, 0065...
    number = text.fold(pasted.number(typed))
    digits = re.sub(r"\D", "", number).lstrip("0")
    if _NUMBER.fullmatch(number) and len(digits) >= 3 and digits != folded:
        read.append(Reading(words=(digits,), phrase=digits))
    return tuple(read)


def _words(given: list[str]) -> tuple[str, ...]:
    words = [word for word in given if any(map(str.isalnum, word))]
    return tuple(dict.fromkeys([word for word in words if word != _AND] or words))[:MOST_WORDS]


def shapes(query: str) -> tuple[finders.Shape, ...]:
    """Say what else a question may name than a search key: a UUID, a part of a number or of a reference.

    *Shape*: nothing for telephone numbers and e-mail addresses, which are search keys.
    """
    typed = pasted.plain(query[:LONGEST_QUERY])
    if whole := pasted.uuid_in(typed):
        return (finders.UuidRange(uuid.UUID(whole), uuid.UUID(whole)),)
    folded = folded_number(typed)
    if "@" in typed or typed.lstrip(" (").startswith("+") or not 3 <= len(folded) <= _LONGEST_NUMBER:
        return ()
    read: list[finders.Shape] = []
    if _UUID_PRINTED.fullmatch(folded) and text.fold(typed).replace("-", "") == folded:
        read.append(finders.UuidRange(uuid.UUID(folded.ljust(32, "0")), uuid.UUID(folded.ljust(32, "f"))))
    has_digit = any(map(str.isdigit, folded))
    read.append(finders.NumberPart(folded) if has_digit else finders.ReferencePart(folded))
    return tuple(read)


def folded_number(number: str) -> str:
    """Fold a number or reference as `customers_folded_number` does: letters and digits alone, in lower case."""
    return "".join(sign for sign in number.lower() if sign.isalnum())


def pattern(word: str) -> str:
    """Give the pattern of LIKE for a word in a search text: anywhere in it, a short one where a word begins."""
    return f"% {word}%" if len(word) < _SHORTEST_PART else f"%{word}%"


def looked_up(word: str) -> str:
    """Give a piece of a word that finds nearly as few texts in an index as the whole, and costs it less.

    Each letter costs the index more than the few texts that a long piece still lets through. To it a sign is a
    border between words, so that it also looks for whatever begins or ends there, which is in nearly every text.
    The end of a domain is shared by many; numbers and addresses differ most where a run of letters and digits ends.
    *Shape*: "" for a word that is best looked up as it is.
    """
    runs = _BETWEEN_WORDS.split(word)
    if "." in word and _LETTERS.fullmatch(runs[-1]):
        runs.pop()
    piece = max(runs, key=len)
    piece = piece[:_LOOKED_UP_RUN] if _LETTERS.fullmatch(piece) else piece[-_LOOKED_UP_RUN:]
    if len(piece) < _LONG_RUN:
        piece = word[:_LOOKED_UP]
    return piece if piece != word else ""


def is_hex(word: str) -> bool:
    """Say whether a word may stand in a UUID by chance; then it counts there as its beginning or not at all."""
    return _SHORT_HEX.fullmatch(word) is not None


def is_uuid_beginning(word: str) -> bool:
    """Say whether a word is long enough to mean the beginning of a UUID."""
    return len(word) >= _UUID_BEGINNING


def answers(word: str, *, kind: str, key: str) -> bool:
    """Say whether a key has a word of a question, by the rules of `pattern` and `is_hex`."""
    if kind == "uuid":
        if is_hex(word):
            return is_uuid_beginning(word) and key.startswith(word)
        return len(word) >= _SHORTEST_PART and word in f"={key}"
    return f" {word}" in f" {key}" if len(word) < _SHORTEST_PART else word in key


def misspelt(reading: Reading) -> tuple[str, ...]:
    """Give the words of a question as they are compared with others: an address is several.

    A letter or two behind a sign are left out ("S.A." is "s"): they begin no word, and say little.
    """
    words = []
    for typed in reading.phrase.split():
        first, *others = _BETWEEN_WORDS.split(typed.lstrip(_SIGNS))
        words += [first, *(part for part in others if len(part) >= _SHORTEST_PART)]
    return _words(words)


def may_be_misspelt(reading: Reading) -> bool:
    """Say whether any word of a question may have a letter wrong."""
    return not reading.is_whole and any(typing_errors(word) for word in misspelt(reading))


def is_in_dictionary(word: str) -> bool:
    """Say whether a word of a question can be one of the words that are kept of all keys."""
    return len(word) >= _SHORTEST_PART and _LETTER.search(word) is not None


def typing_errors(word: str) -> int:
    """Give how many letters of a word may be wrong: one in five at least, none in short words and numbers."""
    if not _SHORTEST_TYPO <= len(word) <= _LONGEST_TYPO or not _LETTER.search(word):
        return 0
    return max(1, (len(word) + 1) // 4)


def pieces(word: str) -> tuple[str, ...]:
    """Give patterns of LIKE, one of which a word answers when no more letters of it are wrong than allowed.

    The word is cut into one piece more than letters may be wrong, so that one piece stays as it is. In the middle
    a piece needs three letters to be looked up (the one in a word of seven borrows its third), at the ends two.
    """
    parts = typing_errors(word) + 1
    edges = [len(word) * place // parts for place in range(parts + 1)]
    patterns = [f"{word[: edges[1]]}%"]
    if parts == 2:
        # Two letters swapped where the pieces meet leave neither of them as it is.
        patterns.append(f"{_swapped_at(word, edges[1] - 1)}%")
    for start, end in itertools.pairwise(edges[1:]):
        piece = word[start : max(end, start + 3)]
        patterns.append(f"%{piece}%" if len(piece) >= 3 else f"%{piece}")
    return tuple(patterns)


def swapped(word: str) -> tuple[str, ...]:
    """Give all words that a word becomes when two letters beside each other are swapped."""
    return tuple(_swapped_at(word, place) for place in range(len(word) - 1) if word[place] != word[place + 1])


def _swapped_at(word: str, place: int) -> str:
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _with_hyphens(digits: str) -> str:
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join(part for part in parts if part)
