from django.db import migrations

TABLES = (
    "subscriptions_product",
    "subscriptions_plan",
    "subscriptions_contract",
    "subscriptions_subscription",
    "subscriptions_addon",
    "subscriptions_contractitem",
    "subscriptions_cycle",
    "subscriptions_cyclecharge",
    "subscriptions_phonenumber",
    "subscriptions_assignment",
    "subscriptions_historyentry",
    "subscriptions_termination",
    "subscriptions_cleanuprun",
    "subscriptions_cleanupfailure",
)

KEYS = """
ALTER TABLE subscriptions_subscription
    ADD CONSTRAINT a_subscription_has_the_currency_of_its_organisation
        FOREIGN KEY (organisation_id, currency) REFERENCES customers_organisation (id, currency),
    ADD CONSTRAINT a_subscription_has_the_currency_of_its_plan
        FOREIGN KEY (plan_id, currency) REFERENCES subscriptions_plan (id, currency),
    -- Subscription and termination point at each other, so that neither is there without the other;
    -- checked at commit.
    ADD CONSTRAINT a_subscription_points_at_its_own_termination
        FOREIGN KEY (termination_ref, id) REFERENCES subscriptions_termination (id, subscription_id)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE subscriptions_termination
    ADD CONSTRAINT a_termination_ends_its_subscription
        FOREIGN KEY (subscription_id, id) REFERENCES subscriptions_subscription (id, termination_ref)
        DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT a_termination_has_the_currency_of_its_organisation
        FOREIGN KEY (organisation_id, currency) REFERENCES customers_organisation (id, currency),
    ADD CONSTRAINT a_termination_links_a_note_of_its_organisation
        FOREIGN KEY (credit_note_id, organisation_id) REFERENCES invoicing_creditnote (id, organisation_id),
    -- What settles a termination is held by it, and what is held is never voided.
    ADD CONSTRAINT a_termination_holds_the_note_it_links
        FOREIGN KEY (credit_note_id, uuid) REFERENCES invoicing_creditnotehold (credit_note_id, cause_id)
        DEFERRABLE INITIALLY DEFERRED,
    -- The entry names this termination as its cause and moves exactly the credited amount.
    ADD CONSTRAINT a_termination_has_its_own_entry
        FOREIGN KEY (entry_id, uuid, credited) REFERENCES customers_ledgerentry (id, cause_id, amount);
"""

DROP_KEYS = """
ALTER TABLE subscriptions_termination
    DROP CONSTRAINT a_termination_has_its_own_entry,
    DROP CONSTRAINT a_termination_holds_the_note_it_links,
    DROP CONSTRAINT a_termination_links_a_note_of_its_organisation,
    DROP CONSTRAINT a_termination_has_the_currency_of_its_organisation,
    DROP CONSTRAINT a_termination_ends_its_subscription;
ALTER TABLE subscriptions_subscription
    DROP CONSTRAINT a_subscription_points_at_its_own_termination,
    DROP CONSTRAINT a_subscription_has_the_currency_of_its_plan,
    DROP CONSTRAINT a_subscription_has_the_currency_of_its_organisation;
"""

ENDED = """
CREATE TRIGGER a_terminated_subscription_never_changes BEFORE UPDATE OR DELETE ON subscriptions_subscription
    FOR EACH ROW WHEN (OLD.status = 'terminated')
    EXECUTE FUNCTION portal_refuse_change('a_terminated_subscription_never_changes');
"""
DROP_ENDED = "DROP TRIGGER a_terminated_subscription_never_changes ON subscriptions_subscription;"

FINISHED = """
CREATE TRIGGER a_finished_run_never_changes BEFORE UPDATE OR DELETE ON subscriptions_cleanuprun
    FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL)
    EXECUTE FUNCTION portal_refuse_change('a_finished_run_never_changes');
"""
DROP_FINISHED = "DROP TRIGGER a_finished_run_never_changes ON subscriptions_cleanuprun;"

FINAL = (
    ("subscriptions_termination", "a_termination_is_never_changed"),
    ("subscriptions_cleanupfailure", "a_failure_of_a_run_is_never_changed"),
)
NEVER_CHANGED = "".join(
    f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
    f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    for table, name in FINAL
)
DROP_NEVER_CHANGED = "".join(f"DROP TRIGGER {name} ON {table};\n" for table, name in FINAL)

# A row that is written outside an operation leaves a plain entry in the audit.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for table in TABLES
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_UNMARKED = "".join(
    f"DROP TRIGGER unmarked_{verb} ON {table};\n" for table in TABLES for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0001_initial"), ("invoicing", "0002_guards")]

    operations = [
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(ENDED, DROP_ENDED),
        migrations.RunSQL(FINISHED, DROP_FINISHED),
        migrations.RunSQL(NEVER_CHANGED + UNMARKED, DROP_NEVER_CHANGED + DROP_UNMARKED),
    ]
