from django.db import migrations

# A part and an item belong to a run that is at work.
FUNCTIONS = """
CREATE FUNCTION jobs_refuse_parts_of_finished_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM jobs_run
        WHERE finished_at IS NOT NULL
          AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.run_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.run_id END)
    ) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_NAME, '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION jobs_refuse_items_of_finished_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever finishes the run meanwhile is waited for.
    PERFORM FROM jobs_run r WHERE r.id IN (SELECT run_id FROM added_rows) ORDER BY r.id FOR NO KEY UPDATE;
    IF EXISTS (
        SELECT FROM jobs_run r WHERE r.id IN (SELECT run_id FROM added_rows) AND r.finished_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'refused: %', replace(TG_NAME, '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION jobs_refuse_parts_of_finished_runs();
DROP FUNCTION jobs_refuse_items_of_finished_runs();
"""

GUARDS = """
CREATE TRIGGER a_part_of_a_finished_run_never_changes BEFORE INSERT OR UPDATE OR DELETE ON jobs_runpart
    FOR EACH ROW EXECUTE FUNCTION jobs_refuse_parts_of_finished_runs();
CREATE TRIGGER an_item_of_a_run_is_never_changed BEFORE UPDATE OR DELETE ON jobs_runitem
    FOR EACH ROW EXECUTE FUNCTION portal_refuse_change('an_item_of_a_run_is_never_changed');
CREATE TRIGGER a_finished_run_gets_no_items AFTER INSERT ON jobs_runitem REFERENCING NEW TABLE AS added_rows
    FOR EACH STATEMENT EXECUTE FUNCTION jobs_refuse_items_of_finished_runs();
ALTER TABLE jobs_runpart ADD CONSTRAINT a_part_of_a_run_counts_from_zero_on CHECK (
    jsonb_typeof(counts) = 'object' AND NOT jsonb_path_exists(counts, '$.* ? (@.type() != "number" || @ < 0)'));
"""
DROP_GUARDS = """
ALTER TABLE jobs_runpart DROP CONSTRAINT a_part_of_a_run_counts_from_zero_on;
DROP TRIGGER a_finished_run_gets_no_items ON jobs_runitem;
DROP TRIGGER an_item_of_a_run_is_never_changed ON jobs_runitem;
DROP TRIGGER a_part_of_a_finished_run_never_changes ON jobs_runpart;
"""

# Parts and items are records themselves: the audit has an entry for what a run did.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change({told});\n"
    for table in ("jobs_runpart", "jobs_runitem")
    for verb, rows, told in (
        ("INSERT", "NEW", "'its rows tell it'"),
        ("UPDATE", "NEW", "'its rows tell it'"),
        ("DELETE", "OLD", ""),
    )
)
DROP_UNMARKED = "".join(
    f"DROP TRIGGER unmarked_{verb} ON {table};\n"
    for table in ("jobs_runpart", "jobs_runitem")
    for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0001_runs"),
        ("audit", "0004_marks_need_their_entry"),
        ("subscriptions", "0013_runs_are_those_of_jobs"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(GUARDS, DROP_GUARDS),
        migrations.RunSQL(UNMARKED, DROP_UNMARKED),
    ]
