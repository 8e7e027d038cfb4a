from django.db import migrations

# What became of a message stands in its row: an operation that sends needs no audit entry beside it.
TELL = """
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON outbox_message REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change('its rows tell it');
"""
TELL_NO_MORE = """
CREATE OR REPLACE TRIGGER unmarked_update AFTER UPDATE ON outbox_message REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();
"""


class Migration(migrations.Migration):
    dependencies = [("outbox", "0002_guards"), ("audit", "0004_marks_need_their_entry")]

    operations = [migrations.RunSQL(TELL, TELL_NO_MORE)]
