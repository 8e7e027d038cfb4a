from django.db import migrations

# The list of clean-ups became that of all runs, at another address.
MOVED = """
UPDATE staff_savedfilter
SET address = '/runs/', query = concat_ws('&', nullif(query, ''), 'kind=clean_up')
WHERE address = '/clean-up-runs/';
"""
MOVED_BACK = """
UPDATE staff_savedfilter
SET address = '/clean-up-runs/', query = trim(BOTH '&' FROM replace('&' || query || '&', '&kind=clean_up&', '&'))
WHERE address = '/runs/' AND '&' || query || '&' LIKE '%&kind=clean\\_up&%';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_saved_filters"),
        ("jobs", "0001_runs"),
    ]

    operations = [migrations.RunSQL(MOVED, MOVED_BACK)]
