"""Messages: when they are tried, to whom they go, and which sender has them."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "a sender that lost its lease overwrites a newer state",
        "portal/outbox/operations/sending.py",
        "        elif is_still_ours:",
        "        elif True:",
        "tests/outbox/test_sending.py::test_a_sender_whose_lease_is_over_leaves_what_the_next_one_noted",
    ),
    Mutation(
        "a sender that lost its lease gives back what another has",
        "portal/outbox/operations/sending.py",
        "pk=taken.pk, status=Delivery.Status.PENDING, next_attempt_at=taken.next_attempt_at",
        "pk=taken.pk, status=Delivery.Status.PENDING",
        "tests/outbox/test_sending.py::test_a_sender_whose_lease_is_over_leaves_what_the_next_one_noted",
    ),
    Mutation(
        "a message is sent before it is due",
        "portal/outbox/operations/sending.py",
        ".filter(status=Delivery.Status.PENDING, next_attempt_at__lte=at)",
        ".filter(status=Delivery.Status.PENDING)",
        "tests/outbox/test_sending.py::test_what_is_not_due_waits",
    ),
    Mutation(
        "a message is tried once too often",
        "portal/outbox/operations/sending.py",
        "        if delivery.attempts >= policies.MOST_ATTEMPTS:\n            delivery.status",
        "        if delivery.attempts > policies.MOST_ATTEMPTS:\n            delivery.status",
        "tests/outbox/test_sending.py"
        "::test_a_message_whose_senders_are_killed_each_time_is_a_dead_letter_in_the_end",
    ),
    Mutation(
        "a message that failed the last time waits on",
        "portal/outbox/operations/sending.py",
        "if attempt.is_final or delivery.attempts >= policies.MOST_ATTEMPTS:",
        "if attempt.is_final:",
        "tests/outbox/test_sending.py"
        "::test_a_refusal_for_now_is_tried_again_with_longer_pauses_and_then_a_dead_letter",
    ),
    Mutation(
        "who has the message gets it again",
        "portal/outbox/policies.py",
        "if address and address not in delivered_to",
        "if address",
        "tests/outbox/test_policies.py::test_who_has_it_does_not_get_it_again",
    ),
    Mutation(
        "one of two addresses is enough",
        "portal/outbox/operations/sending.py",
        "list(dict.fromkeys([*delivery.delivered_to, *attempt.delivered_to]))",
        "[delivery.to, delivery.cc]",
        "tests/outbox/test_sending.py::test_who_took_it_does_not_get_it_again_because_another_did_not",
    ),
    Mutation(
        "the text is written anew at each attempt",
        "portal/outbox/operations/sending.py",
        "    if delivery.body:\n        return",
        "    if False:\n        return",
        "tests/outbox/test_sending.py::test_a_message_is_sent_once_and_says_when",
    ),
    Mutation(
        "an outage of the mail server counts as an attempt",
        "portal/outbox/operations/sending.py",
        "attempts=taken.attempts - 1",
        "attempts=taken.attempts",
        "tests/outbox/test_sending.py::test_a_mail_server_that_is_away_costs_no_attempt",
    ),
    Mutation(
        "a dead letter begins with its attempts used up",
        "portal/outbox/operations/again.py",
        "        delivery.attempts = 0\n",
        "",
        "tests/outbox/test_views.py::test_send_again_puts_it_back_once_and_the_audit_tells",
    ),
    Mutation(
        "a dead letter goes where it could not go",
        "portal/outbox/operations/again.py",
        "(addresses.customer if is_for_customer else addresses.provider) or delivery.to",
        "delivery.to or (addresses.customer if is_for_customer else addresses.provider)",
        "tests/outbox/test_views.py::test_the_address_is_looked_up_again",
    ),
    Mutation(
        "the provider's message goes to the customer",
        "portal/outbox/operations/again.py",
        "addresses.customer if is_for_customer else addresses.provider)",
        "addresses.customer)",
        "tests/outbox/test_views.py::test_what_is_for_the_provider_goes_to_the_provider",
    ),
    Mutation(
        "each attempt has a Message-ID of its own",
        "portal/outbox/operations/mail.py",
        'f"<{delivery.message_id}@{ID_DOMAIN}>"',
        'f"<{delivery.message_id}.{delivery.attempts}@{ID_DOMAIN}>"',
        "tests/outbox/test_sending.py::test_a_message_is_sent_once_and_says_when",
    ),
    Mutation(
        "a refusal for now is one for good",
        "portal/outbox/policies.py",
        "return 500 <= code < 600",
        "return 400 <= code < 600",
        "tests/outbox/test_policies.py::test_only_a_5xx_stands",
    ),
    Mutation(
        "a sent message can be sent again",
        "portal/outbox/operations/again.py",
        "if delivery.status == Delivery.Status.SENT:\n            raise AlreadySent",
        "if False:\n            raise AlreadySent",
        "tests/outbox/test_views.py::test_what_was_sent_is_not_sent_again",
    ),
)
