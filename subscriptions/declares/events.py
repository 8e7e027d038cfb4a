"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(
    names.SUBSCRIPTIONS,
    {
        "clean_up.finished": "Clean-up run",
        "clean_up.step": "Clean-up step",
        "subscription.resubscribed": "Resubscribed",
        "subscription.terminated": "Subscription terminated",
        "subscription.unsubscribed": "Unsubscribed",
    },
)
