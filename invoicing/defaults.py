"""The number series that a new portal starts with."""

from django.apps.registry import Apps

SERIES = (("invoice", "IN-"), ("credit_note", "CN-"))


def ensure(apps: Apps) -> None:
    """Write the series that are missing; safe to repeat."""
    series = apps.get_model("invoicing", "NumberSeries")
    for document, prefix in SERIES:
        series.objects.get_or_create(document=document, defaults={"prefix": prefix, "length": 7})
