from django.db import migrations

# What an import needs and only an owner may: see portal/postgresql/owner.py.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION portal_analyze(one regclass DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Only the owner of a table may; the role that imports owns none.
    IF one IS NULL THEN
        ANALYZE;
    ELSE
        EXECUTE format('ANALYZE %s', one);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION portal_sort_in(index regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Only the owner of an index may; the role that imports owns none.
    PERFORM gin_clean_pending_list(index);
END
$$;
"""
DROP = """
DROP FUNCTION portal_sort_in(regclass);
DROP FUNCTION portal_analyze(regclass);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0004_marks_need_their_entry"),
    ]

    operations = [migrations.RunSQL(FUNCTIONS, DROP)]
