"""The refusals of writes: one class for each outcome. Each carries the sentence for the screen."""

from decimal import Decimal


class Refused(Exception):
    """A refused write. Nothing was written; `sentence` says why, and what can be done."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class AmountNotUsable(Refused):
    """The amount is not positive, or has more decimals than its currency."""


class AmountAboveOpen(Refused):
    """The amount exceeds what is open on the invoice."""


class ReceivedAboveOpen(Refused):
    """The payment exceeds what is open, and nobody confirmed that this `surplus` goes into Available Credits."""

    def __init__(self, sentence: str, *, surplus: Decimal) -> None:
        self.surplus = surplus
        super().__init__(sentence)


class PaymentLikeAnother(Refused):
    """A payment with this reference, day and amount exists, and nobody confirmed that this is another one."""


class AboveTheAccount(Refused):
    """The balance would exceed what an account can hold."""


class PartAboveCharge(Refused):
    """A part of the payment exceeds what is open on its charge."""

    def __init__(self, sentence: str, *, line_id: int) -> None:
        self.line_id = line_id
        super().__init__(sentence)


class PartsAboveAmount(Refused):
    """The parts of the payment exceed the payment."""


class AmountAboveNote(Refused):
    """The amount exceeds what is left of the credit note."""


class AboveTheCharge(Refused):
    """Credit notes, waivers and refunds would exceed the charge."""


class InvoiceNotPayable(Refused):
    """The invoice is a draft, void, or fully paid."""


class InvoiceNotCreditable(Refused):
    """The invoice is a draft or void, so it charges nothing."""


class MethodNotUsable(Refused):
    """Payments by this method can't be recorded by hand."""


class ReceivedInTheFuture(Refused):
    """The day of the payment is in the future."""


class NothingNamed(Refused):
    """The credit note would give nothing back."""


class NoteNotSendable(Refused):
    """The credit note is no draft, so it can't be marked as Sent."""


class SendingAsks(Refused):
    """A higher app has questions about the note, and nobody confirmed that it should be sent all the same."""

    def __init__(self, questions: tuple[str, ...]) -> None:
        self.questions = questions
        super().__init__(" ".join(questions))


class NoteNotVoidable(Refused):
    """The note can't be voided: it was used, a termination holds it, or it is void already."""


class NoteNotAllocatable(Refused):
    """The note can't be allocated: it is a draft, void, or used up."""


class NoteJustSettled(Refused):
    """A termination linked the note while this write waited, so the charges that it settles need locks too."""


class NotTheSameCustomer(Refused):
    """The credit note and the invoice differ in organisation or currency."""


class NothingTakenBack(Refused):
    """No existing part was given an amount."""


class AboveWhatIsThere(Refused):
    """The amount exceeds what is left of a part. *Shape*: `key` is from `selectors.key_of`."""

    def __init__(self, sentence: str, *, key: str) -> None:
        self.key = key
        super().__init__(sentence)


class CameBackAlready(Refused):
    """Available Credits got more for the charge than would stay paid. This needs a correction."""


class CreditsDoNotCover(Refused):
    """Available Credits don't cover the amount."""


class RequestAlreadyUsed(Refused):
    """The form was sent before, with other values."""
