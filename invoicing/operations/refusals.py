"""Why a write was refused: one class per outcome, each with the sentence for the screen."""

from decimal import Decimal


class Refused(Exception):
    """Nothing was written; `sentence` says why, and what can be done."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class AmountNotUsable(Refused):
    """The amount is not above 0, or not in whole minor units of the currency."""


class AmountAboveOpen(Refused):
    """More than what is open on the invoice."""


class ReceivedAboveOpen(Refused):
    """More came in than is open, and nobody has agreed that just this `surplus` goes into Available Credits."""

    def __init__(self, sentence: str, *, surplus: Decimal) -> None:
        self.surplus = surplus
        super().__init__(sentence)


class PaymentLikeAnother(Refused):
    """A payment of this reference, day and amount is there, and nobody has said that this is a second one."""


class AboveTheAccount(Refused):
    """The balance would become larger than an account can hold."""


class PartAboveCharge(Refused):
    """The part of a payment for one charge is more than what is open on it."""

    def __init__(self, sentence: str, *, line_id: int) -> None:
        self.line_id = line_id
        super().__init__(sentence)


class PartsAboveAmount(Refused):
    """The parts that a payment shall pay of its charges are together more than the payment."""


class AmountAboveNote(Refused):
    """More than what is left of the credit note."""


class AboveTheCharge(Refused):
    """Notes, waived and refunded amounts together would be more than what was charged."""


class InvoiceNotPayable(Refused):
    """The invoice is a draft, void or has nothing open."""


class InvoiceNotCreditable(Refused):
    """The invoice is a draft or void: it charged nothing that could be given back."""


class MethodNotUsable(Refused):
    """A payment of this method is not recorded by hand."""


class ReceivedInTheFuture(Refused):
    """The money cannot have come in after today."""


class NothingNamed(Refused):
    """The note would give nothing back."""


class NoteNotSendable(Refused):
    """Only a draft is marked as Sent."""


class SendingAsks(Refused):
    """Something above speaks against the note, and nobody has said that it shall be sent all the same."""

    def __init__(self, questions: tuple[str, ...]) -> None:
        self.questions = questions
        super().__init__(" ".join(questions))


class NoteNotVoidable(Refused):
    """Money was allocated from the note, a termination holds it, or it is void already."""


class NoteNotAllocatable(Refused):
    """The note is a draft, void, or used up."""


class NoteJustSettled(Refused):
    """A termination linked the note while it waited: what it stands for has to be locked as well."""


class NotTheSameCustomer(Refused):
    """Note and invoice belong to two organisations, or are in two currencies."""


class NothingTakenBack(Refused):
    """No part was given an amount, or there is no such part."""


class AboveWhatIsThere(Refused):
    """More than what is still there of the part `key`, as `selectors.key_of` names it."""

    def __init__(self, sentence: str, *, key: str) -> None:
        self.key = key
        super().__init__(sentence)


class CameBackAlready(Refused):
    """What a refund or a note put into Available Credits would pass what is paid: a correction is the way."""


class CreditsDoNotCover(Refused):
    """More would leave Available Credits than there is."""


class RequestAlreadyUsed(Refused):
    """The form was sent before, with other contents."""
