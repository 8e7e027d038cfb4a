"""What `verify_ledger` and the audit see."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "an operation can be a part of a larger transaction",
        "portal/frame/operation.py",
        "transaction.atomic(durable=True)",
        "transaction.atomic()",
        "tests/frame/test_operation.py::test_an_operation_is_never_part_of_a_larger_transaction",
    ),
    Mutation(
        "the hash forgets the one before it",
        "customers/migrations/0001_initial.py",
        'models.Func(models.F("previous_sha256"), models.Value("hex"), function="encode"),',
        'models.Value(""),',
        "tests/verification/test_chain.py::test_the_hash_is_that_of_the_text_in_the_documentation",
    ),
    Mutation(
        "a quote's lines are not computed again",
        "subscriptions/checks/quoted/comparing.py",
        "        if value != again[name]:",
        "        if False:",
        "tests/verification/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "what was refunded is not held against the quote",
        "subscriptions/checks/quoted/comparing.py",
        "            if kept.get(line_id) != wanted.get(line_id):",
        "            if False:",
        "tests/verification/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "an imported row is not hashed again",
        "portal/verification/rows.py",
        "{' AND '.join(found)}",
        "false",
        "tests/verification/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "a settling note need not stand for its charges",
        "subscriptions/checks/quoted/comparing.py",
        "    if missing > 0:",
        "    if False:",
        "tests/verification/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
    Mutation(
        "the hash of a termination leaves its quote out",
        "subscriptions/migrations/0006_hash_of_a_termination.py",
        'django.db.models.functions.comparison.Cast("quote", models.TextField())',
        'django.db.models.functions.comparison.Cast("currency", models.TextField())',
        "tests/subscriptions/termination/test_termination_hash.py::test_the_hash_is_that_of_the_text_in_the_documentation",
    ),
    Mutation(
        "a mark by plain SQL silences the audit",
        "portal/audit/migrations/0004_marks_need_their_entry.py",
        "IF NOT mark.is_told AND EXISTS (SELECT FROM auth_user) THEN",
        "IF false THEN",
        "tests/audit/test_marks.py::test_a_mark_by_plain_sql_silences_nothing",
    ),
    Mutation(
        "a trigger that is off is no fault",
        "portal/postgresql/schema.py",
        "AND t.tgenabled IN ('D', 'R')",
        "AND false",
        "tests/verification/test_verification_schema.py::test_each_fault_is_named",
    ),
    Mutation(
        "what was taken back is not summed up again",
        "invoicing/checks/taking_back.py",
        "parts WHERE kept <> summed ORDER BY place",
        "parts WHERE false ORDER BY place",
        "tests/verification/test_corruptions.py::test_each_corruption_is_found_or_listed_with_the_reason",
    ),
)
