"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(
    names.SUBSCRIPTIONS,
    {
        "clean_up.finished": "Clean-up run",
        "clean_up.step": "Clean-up step",
        "reminder.expiring": "Expiry announced",
        "reminder.renewal_ahead": "Renewal announced",
        "reminder.reservation_ending": "End of a reservation announced",
        "renewals.finished": "Renewals run",
        "scheduled_ends.finished": "Scheduled ends carried out",
        "subscription.renewal_refused": "Renewal refused",
        "subscription.renewed": "Renewed",
        "subscription.resubscribed": "Resubscribed",
        "subscription.terminated": "Subscription terminated",
        "subscription.unsubscribed": "Unsubscribed",
        "termination.asked": "End scheduled",
        "termination.needs_person": "Scheduled end needs a person",
        "termination.withdrawn": "Scheduled end withdrawn",
    },
)
