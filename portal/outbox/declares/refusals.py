"""Declare why a message is not sent again."""

from portal import frame
from portal.outbox.operations import again

frame.declare(
    {
        again.AlreadyOnItsWay: "The message waits to be sent already.",
        again.AlreadySent: "This message was sent meanwhile: nothing was changed.",
        again.NoAddressOfCustomer: lambda refusal: (
            f"There is no address to send it to: {refusal.organisation_name} has neither a billing e-mail "
            "nor an owner e-mail. Add one, then send it again."
        ),
        again.NoAddressOfProvider: (
            "There is no address to send it to: Portal Config has no notification address. "
            "A superuser can add one; then send it again."
        ),
    }
)
