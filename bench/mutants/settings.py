"""Portal Config and the termination reasons: who saved what, and what it means."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "somebody else's save is taken for one's own",
        "settings_app/operations/__init__.py",
        "current.number == seen_version + 1 and version.created_by_id == by.user_id",
        "current.number == seen_version + 1",
        "tests/settings_app/test_operations.py::test_what_somebody_else_saved_is_not_answered_as_ones_own",
    ),
    Mutation(
        "a save of some versions ago is taken for this one",
        "settings_app/operations/__init__.py",
        "current.number == seen_version + 1 and version.created_by_id == by.user_id",
        "version.created_by_id == by.user_id",
        "tests/settings_app/test_operations.py::test_what_somebody_else_saved_is_not_answered_as_ones_own",
    ),
    Mutation(
        "settings that somebody changed are overwritten",
        "settings_app/operations/__init__.py",
        "if current.number != seen_version:",
        "if False:",
        "tests/settings_app/test_operations.py::test_a_version_saved_meanwhile_is_not_overwritten",
    ),
    Mutation(
        "the conflict table swaps its columns",
        "settings_app/views.py",
        "policies.changes(before=changed.current, after=values)",
        "policies.changes(before=values, after=changed.current)",
        "tests/settings_app/test_views.py::test_a_conflict_shows_both_and_a_second_save_decides",
    ),
    Mutation(
        "a fee is charged while fees are off",
        "settings_app/policies.py",
        "return self.fees.get(currency) if self.charge_administrative_fee else None",
        "return self.fees.get(currency)",
        "tests/settings_app/test_selectors.py::test_a_fee_that_is_switched_off_or_has_no_row_is_none",
    ),
    Mutation(
        "the provider without an address counts as told",
        "settings_app/policies.py",
        'if chosen == "nobody" or (chosen == "provider" and not self.notification_address):',
        'if chosen == "nobody":',
        "tests/outbox/test_writing.py::test_nobody_is_told_when_nobody_is_to_be_or_can_be",
    ),
    Mutation(
        "0 full-refund days are refused",
        "settings_app/forms/config.py",
        'label=policies.LABELS["full_refund_days"],\n        required=False,\n        min_value=0',
        'label=policies.LABELS["full_refund_days"],\n        required=False,\n        min_value=1',
        "tests/settings_app/test_views.py::test_bad_input_is_refused_in_words",
    ),
    Mutation(
        "a negative fee is taken",
        "portal/lib/forms/numbers.py",
        "        if amount < self._least:",
        "        if False:",
        "tests/settings_app/test_views.py::test_bad_input_is_refused_in_words",
    ),
    Mutation(
        "agents are offered what is no longer offered",
        "settings_app/selectors/__init__.py",
        "TerminationReason.objects.filter(is_active=True)",
        "TerminationReason.objects.all()",
        "tests/settings_app/test_selectors.py::test_only_active_reasons_are_offered_in_their_order",
    ),
    Mutation(
        "reasons come in the order of their labels",
        "settings_app/selectors/__init__.py",
        "(reason.position, text.sort_key(reason.label))",
        "text.sort_key(reason.label)",
        "tests/settings_app/test_selectors.py::test_only_active_reasons_are_offered_in_their_order",
    ),
    Mutation(
        "a reason keeps its own label from itself",
        "settings_app/operations/__init__.py",
        "filter(label__iexact=label).exclude(pk=except_pk)",
        "filter(label__iexact=label)",
        "tests/settings_app/test_operations.py::test_a_reason_keeps_its_label_while_its_place_changes",
    ),
    Mutation(
        "a label in another case is another label",
        "settings_app/operations/__init__.py",
        "filter(label__iexact=label)",
        "filter(label=label)",
        "tests/settings_app/test_operations.py::test_code_and_label_are_a_reasons_own",
    ),
    Mutation(
        "“Needed” is said of a reason without a ticket",
        "templates/settings_app/reasons.html",
        "{% if reason.needs_ticket %}Needed{% else %}Optional{% endif %}",
        "{% if reason.needs_ticket %}Optional{% else %}Needed{% endif %}",
        "tests/settings_app/test_settings_show.py::test_a_reason_shows_whether_it_needs_a_ticket_and_is_offered",
    ),
    Mutation(
        "“Add a reason” is shown to who may not",
        "templates/settings_app/reasons.html",
        '{% if can_change %}<div class="page-actions">',
        '<div class="page-actions">{% if True %}',
        "tests/settings_app/test_reason_pages.py::test_reasons_are_listed",
    ),
    Mutation(
        "settings tabs ask for no permission",
        "settings_app/tab_bar.py",
        "        for key, label, name, permission in PAGES\n        if request.user.has_perm(permission)",
        "        for key, label, name, permission in PAGES\n        if True",
        "tests/settings_app/test_settings_show.py::test_a_tab_is_there_for_who_may_see_it",
    ),
    Mutation(
        "fewer that would end are asked about too",
        "settings_app/tonight.py",
        "return found if found.due > found.due_in_force else None",
        "return found if found.due != found.due_in_force else None",
        "tests/settings_app/test_views.py"
        "::test_how_many_would_end_tonight_is_said_before_reactivation_days_are_saved",
    ),
)
