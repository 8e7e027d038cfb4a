"""Declare which subscriptions need somebody."""

from portal.lib import attention
from subscriptions.life.lists import FAILED
from subscriptions.record.lists import SUBSCRIPTIONS
from subscriptions.requests.lists import SCHEDULED_ENDS

attention.declare(
    attention.Box(
        code="waiting_ends",
        order=150,
        of=SCHEDULED_ENDS,
        address="subscriptions:scheduled_ends",
        advice="The list says why; carry each out with “Terminate”, or withdraw it.",
        lines=(attention.Line("Scheduled ends that need a person", {"person": "yes"}),),
    )
)
attention.declare(
    attention.Box(
        code="failed_renewals",
        order=200,
        of=FAILED,
        address="subscriptions:failed_renewals",
        advice="Each is tried again every day until it expires; do what its reason says.",
        lines=(attention.Line("Failed to renew", {}),),
    )
)
attention.declare(
    attention.Box(
        code="held",
        order=300,
        of=SUBSCRIPTIONS,
        address="subscriptions:list",
        advice="If one was renewed elsewhere, import its new cycle; else end it.",
        lines=(attention.Line("Held by the last clean-up: renewal not seen", {"held": "held"}),),
    )
)
attention.declare(
    attention.Box(
        code="expired",
        order=400,
        of=SUBSCRIPTIONS,
        address="subscriptions:list",
        advice="Import the cycles of those that were renewed elsewhere; after the reactivation days the clean-up "
        "ends the others.",
        lines=(
            attention.Line("Expired, to be ended for good tomorrow at the latest", {"expiry": "last"}),
            attention.Line("Expired, 2 to 7 days left", {"expiry": "few"}),
            attention.Line("Expired, more than 7 days left", {"expiry": "many"}),
            attention.Line("Expired, past the reactivation days", {"expiry": "cleanup"}),
        ),
    )
)
attention.declare(
    attention.Box(
        code="expiring",
        order=450,
        of=SUBSCRIPTIONS,
        address="subscriptions:list",
        advice="Those without auto-renewal end then; the others have to be renewed.",
        lines=(attention.Line("Expire in the next 7 days", {"expiry": "week"}),),
    )
)
