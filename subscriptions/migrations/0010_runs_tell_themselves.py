from django.db import migrations

# A run of the clean-up and what it could not do or held back are records themselves: the audit has an entry for what it did.
TELL = """
CREATE OR REPLACE TRIGGER unmarked_insert AFTER INSERT ON subscriptions_cleanuprun REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON subscriptions_cleanuprun REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
CREATE OR REPLACE TRIGGER unmarked_insert AFTER INSERT ON subscriptions_cleanupfailure REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON subscriptions_cleanupfailure REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
CREATE OR REPLACE TRIGGER unmarked_insert AFTER INSERT ON subscriptions_cleanupheld REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON subscriptions_cleanupheld REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
"""
TELL_NO_MORE = """
CREATE OR REPLACE TRIGGER unmarked_insert AFTER INSERT ON subscriptions_cleanuprun REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON subscriptions_cleanuprun REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
CREATE OR REPLACE TRIGGER unmarked_insert AFTER INSERT ON subscriptions_cleanupfailure REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON subscriptions_cleanupfailure REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
CREATE OR REPLACE TRIGGER unmarked_insert AFTER INSERT ON subscriptions_cleanupheld REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON subscriptions_cleanupheld REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0009_contracts_by_any_part"),
        ("audit", "0004_marks_need_their_entry"),
    ]

    operations = [migrations.RunSQL(TELL, TELL_NO_MORE)]
