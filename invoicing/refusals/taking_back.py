"""Why nothing is taken back."""

from dataclasses import dataclass
from decimal import Decimal

from portal import frame


@dataclass(eq=False)
class NothingTakenBack(frame.Refused):
    """No part was given an amount."""

    code = "nothing_taken_back"
    status = 422


@dataclass(eq=False)
class NoSuchPart(frame.Refused):
    """A part is none of this payment or note."""

    code = "no_such_part"
    status = 422

    part_id: int


@dataclass(eq=False)
class AboveWhatIsThere(frame.Refused):
    """The amount exceeds what is left of a part. *Shape*: `key` is from `selectors.key_of`."""

    code = "above_what_is_there"

    key: str
    amount: Decimal
    left: Decimal
    currency: str

    def __post_init__(self) -> None:
        self.field = self.key


@dataclass(eq=False)
class CameBackAlready(frame.Refused):
    """Available Credits got more for the charge than would stay paid. This needs a correction.

    *Shape*: at most `most` can be taken back.
    """

    code = "came_back_already"

    description: str
    number: str
    came_back: Decimal
    most: Decimal
    currency: str


@dataclass(eq=False)
class CreditsDoNotCover(frame.Refused):
    """Available Credits don't cover the amount."""

    code = "credits_do_not_cover"

    needed: Decimal
    available: Decimal
    currency: str
