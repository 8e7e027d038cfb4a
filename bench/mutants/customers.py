"""The tabs of a customer: Available Credits, contacts, members, and what is posted by hand."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "a balance of 0 is DR",
        "customers/policies.py",
        '"DR" if balance < 0 else "CR"',
        '"DR" if balance <= 0 else "CR"',
        "tests/customers/test_tabs_show.py::test_available_credits_are_balance_and_limit_less_what_is_reserved",
    ),
    Mutation(
        "Available Credits leave out what is reserved",
        "customers/policies.py",
        "return balance + credit_limit - reserved",
        "return balance + credit_limit",
        "tests/customers/test_tabs_show.py::test_available_credits_are_balance_and_limit_less_what_is_reserved",
    ),
    Mutation(
        "the balance shows Available Credits",
        "customers/selectors/__init__.py",
        "balance=money.display_balance(abs(account.balance), currency=organisation.currency)",
        "balance=money.display_balance(abs(available), currency=organisation.currency)",
        "tests/customers/test_tabs_show.py::test_available_credits_are_balance_and_limit_less_what_is_reserved",
    ),
    Mutation(
        "the owner's address is the one for bills",
        "customers/selectors/tabs.py",
        'Fact("Owner e-mail", organisation.owner_email)',
        'Fact("Owner e-mail", organisation.billing_email)',
        "tests/customers/test_tabs_show.py::test_every_term_of_the_overview_has_its_own_value",
    ),
    Mutation(
        "it is the same day everywhere",
        "customers/selectors/tabs.py",
        "days.today_in(organisation.timezone, at=at)",
        'days.today_in("UTC", at=at)',
        "tests/customers/test_tabs_show.py::test_every_term_of_the_overview_has_its_own_value",
    ),
    Mutation(
        "members come before owners",
        "customers/selectors/tabs.py",
        "{Member.Role.OWNER: 0, Member.Role.ADMIN: 1, Member.Role.MEMBER: 2}",
        "{Member.Role.OWNER: 2, Member.Role.ADMIN: 1, Member.Role.MEMBER: 0}",
        "tests/customers/test_tabs_show.py::test_members_stand_by_role_then_by_name",
    ),
    Mutation(
        "“Change contacts” is shown to who may not",
        "templates/customers/_overview.html",
        "{% if perms.customers.change_contacts %}",
        "{% if perms.customers.view_organisation %}",
        "tests/customers/test_tabs_show.py::test_contacts_are_changed_by_who_may",
    ),
    Mutation(
        "a tab is shown to who may not see it",
        "customers/tab_bar.py",
        "        if request.user.has_perm(tab.permission)\n",
        "",
        "tests/customers/test_tabs_show.py::test_a_tab_is_there_for_who_may_see_it",
    ),
    Mutation(
        "another tab is marked as the one that is shown",
        "customers/tab_bar.py",
        '"is_current": tab.name == current',
        '"is_current": tab.name != current',
        "tests/customers/test_tabs_show.py::test_the_tab_that_is_shown_is_marked",
    ),
    Mutation(
        "an entry that takes is told as one that adds",
        "customers/selectors/__init__.py",
        "'added to' if entry.amount > 0 else 'taken from'",
        "'added to' if entry.amount != 0 else 'taken from'",
        "tests/customers/test_tabs_show.py::test_a_correction_shows_the_balance_before_and_after",
    ),
    Mutation(
        "Available Credits after posting are those before",
        "customers/selectors/__init__.py",
        "        balance=after, credit_limit=account.credit_limit, reserved=account.reserved",
        "        balance=account.balance, credit_limit=account.credit_limit, reserved=account.reserved",
        "tests/customers/test_tabs_show.py::test_a_correction_shows_the_balance_before_and_after",
    ),
    Mutation(
        "messages go to the owner, though there is a billing e-mail",
        "customers/declares/addresses.py",
        "(organisation.billing_email or organisation.owner_email)",
        "(organisation.owner_email or organisation.billing_email)",
        "tests/outbox/test_views.py::test_the_address_is_looked_up_again",
    ),
    Mutation(
        "a changed name is still found by the old one",
        "customers/contacts/operations.py",
        "SearchKey.objects.filter(organisation=organisation, kind__in=kinds).delete()",
        "SearchKey.objects.filter(organisation=organisation, kind__in=[]).delete()",
        "tests/customers/test_contacts.py::test_a_change_is_kept_found_and_told",
    ),
    Mutation(
        "the audit tells contacts the other way round",
        "customers/contacts/operations.py",
        "{_said(getattr(before, name))} → {_said(value)}",
        "{_said(value)} → {_said(getattr(before, name))}",
        "tests/customers/test_contacts.py::test_a_change_is_kept_found_and_told",
    ),
)
