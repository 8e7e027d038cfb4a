"""The log-in: where it leads, and which tries count for what."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "log-in forgets the page it was sent from",
        "portal/shell/middleware.py",
        'current = asked.current_url_abs_path or "/"',
        'current = "/"',
        "tests/staff/test_login.py::test_the_log_in_leads_back_to_the_page_that_was_open",
    ),
    Mutation(
        "the log-in's form forgets where it leads",
        "templates/account/login.html",
        "      {{ redirect_field }}\n",
        "",
        "tests/staff/test_login.py::test_the_log_in_leads_back_to_the_page_that_was_open",
    ),
    Mutation(
        "htmx gets the log-in into its fragment",
        "portal/shell/middleware.py",
        "        if not asked:\n            return response",
        "        if True:\n            return response",
        "tests/staff/test_login.py::test_the_log_in_leads_back_to_the_page_that_was_open",
    ),
    Mutation(
        "a failure of long ago counts",
        "portal/staff/selectors.py",
        'AccessAttempt.objects.filter(ip_address=count.place, user_agent="", attempt_time__gte=since)',
        'AccessAttempt.objects.filter(ip_address=count.place, user_agent="")',
        "tests/staff/test_lock_out.py::test_a_lock_ends_after_a_quarter_of_an_hour",
    ),
    Mutation(
        "a name is locked everywhere",
        "portal/staff/selectors.py",
        'AccessAttempt.objects.filter(ip_address=count.place, user_agent="", attempt_time__gte=since)',
        'AccessAttempt.objects.filter(user_agent="", attempt_time__gte=since)',
        "tests/staff/test_login.py::test_too_many_failures_lock_a_username_in_one_place",
    ),
    Mutation(
        "a known device is locked, not slowed",
        "portal/staff/selectors.py",
        'if is_full and at - found["last"] < policies.PAUSE else None',
        "if is_full else None",
        "tests/staff/test_lock_out.py::test_a_known_device_is_slowed",
    ),
    Mutation(
        "a device is known for every name",
        "portal/staff/logins.py",
        "known = _known(request).get(name_of(request, credentials))",
        'known = next(iter(_known(request).values()), "")',
        "tests/staff/test_lock_out.py::test_a_known_device_is_not_locked_by_others",
    ),
    Mutation(
        "a success elsewhere forgets the failures of an address",
        "portal/staff/logins.py",
        "return [mine if device else mine.filter(ip_address=request.axes_ip_address)]",
        "return [mine]",
        "tests/staff/test_lock_out.py::test_a_success_elsewhere_forgets_no_failures_of_this_address",
    ),
    Mutation(
        "a username counts by its case",
        "portal/staff/logins.py",
        'username.replace("\\0", "").strip().casefold()[:NAME_LENGTH]',
        'username.replace("\\0", "").strip()[:NAME_LENGTH]',
        "tests/staff/test_lock_out.py::test_a_name_has_one_count_whatever_its_case_and_the_browser",
    ),
    Mutation(
        "usernames differ by case at the log-in",
        "portal/staff/permissions.py",
        "if username and (meant := selectors.named(username)):",
        "if False and (meant := selectors.named(username)):",
        "tests/staff/test_login.py::test_a_username_is_known_in_any_case",
    ),
    Mutation(
        "a permission given in person is not seen",
        "portal/staff/permissions.py",
        "auth_user_user_permissions WHERE user_id = %s",
        "auth_user_user_permissions WHERE user_id = -%s",
        "tests/staff/test_permissions.py::test_groups_and_own_permissions_are_one_question",
    ),
    Mutation(
        "a session does not end",
        "portal/staff/sessions.py",
        "AND expire_date > %s",
        "AND expire_date <> %s",
        "tests/staff/test_sessions.py::test_what_has_ended_or_never_was_begins_anew",
    ),
    Mutation(
        "who may no longer log in stays logged in",
        "portal/staff/permissions.py",
        "return user if self.user_can_authenticate(user) else None",
        "return user",
        "tests/staff/test_sessions.py::test_who_is_logged_in_is_read_whole_and_only_while_active",
    ),
    Mutation(
        "who changes the password is logged out",
        "portal/staff/views.py",
        "    update_session_auth_hash(request, user)\n",
        "",
        "tests/staff/test_password.py::test_everybody_changes_their_own",
    ),
)
