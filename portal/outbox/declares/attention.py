"""Declare what of the messages needs somebody."""

from portal.lib import attention
from portal.outbox.lists import DELIVERIES
from portal.outbox.models import Delivery

attention.declare(
    attention.Box(
        code="dead_letters",
        order=600,
        of=DELIVERIES,
        address="outbox:list",
        advice="Correct the address, then send them again.",
        lines=(attention.Line("Messages that could not be sent", {"status": Delivery.Status.DEAD.value}),),
    )
)
