"""What a portal holds, short enough to be compared after each of thousands of attempts."""

from __future__ import annotations

from django.apps import apps
from django.db import connection

# Written by a log-in or a session, not by what somebody does.
ASIDE = {"django_session", "axes_accessattempt", "axes_accesslog", "axes_accessfailurelog"}


def digest(*, besides: str | None = None) -> dict[str, tuple[int, int]]:
    """Count and sum up the rows of every table, by its name; besides those of an app."""
    tables = [
        model._meta.db_table
        for model in apps.get_models()
        if model._meta.managed and model._meta.db_table not in ASIDE and model._meta.app_label != besides
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM \"{table}\" AS t"  # noqa: S608
                for table in tables
            )
        )
        return {table: (count, total) for table, count, total in cursor.fetchall()}
