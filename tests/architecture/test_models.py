"""Foreign keys point down as imports do, and nothing that money hangs on is deleted along with something."""

from typing import Any

from django.apps import apps
from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models
from django.db.models.signals import ModelSignal, class_prepared

# The floor may point at the staff (auth), as every app may; nothing else of Django's is pointed at.
HEIGHT = {
    "auth": 0,
    "frame": 1,
    "audit": 1,
    "outbox": 1,
    "jobs": 2,
    "staff": 3,
    "settings_app": 3,
    "customers": 4,
    "invoicing": 5,
    "subscriptions": 6,
}
# A search key is a copy of a fact, written again at will; a search text goes with the last of them.
# A saved filter is somebody's own and goes with them.
CASCADES = {
    *("customers.SearchKey.organisation", "customers.SearchText.organisation"),
    "staff.SavedFilter.user",
}


def _keys() -> list[models.ForeignKey[Any, Any]]:
    return [
        field
        for model in apps.get_models(include_auto_created=True)
        if HEIGHT.get(model._meta.app_label)
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
    ]


def test_every_app_of_the_portal_has_its_height():
    ours = {config.label for config in apps.get_app_configs() if "." not in config.name.removeprefix("portal.")}
    ours &= {model._meta.app_label for model in apps.get_models()}
    theirs = {"sessions", "contenttypes", "admin", "axes", "account", "messages", "staticfiles"}
    assert ours - theirs <= set(HEIGHT)
    assert len(_keys()) > 30


def test_the_admin_finds_a_plural_for_each_model():
    plurals = [str(model._meta.verbose_name_plural) for model in apps.get_models()]
    assert [one for one in plurals if one.endswith("ys") and one[-3] not in "aeiou"] == []


def test_foreign_keys_point_down():
    up = [
        str(key)
        for key in _keys()
        if HEIGHT[key.related_model._meta.app_label] > HEIGHT[key.model._meta.app_label]
        or (key.related_model._meta.app_label, key.model._meta.app_label) == ("outbox", "audit")
    ]
    assert up == []


def test_what_is_pointed_at_is_protected():
    free = {str(key) for key in _keys() if key.remote_field.on_delete is not models.PROTECT}
    assert free == CASCADES


def test_no_generic_foreign_keys_and_no_many_to_many():
    ours = [model for model in apps.get_models() if HEIGHT.get(model._meta.app_label)]
    assert [
        model for model in ours if any(isinstance(f, GenericForeignKey) for f in model._meta.private_fields)
    ] == []
    assert [model for model in ours if model._meta.many_to_many] == []


def test_amounts_are_decimals():
    floats = [
        str(field)
        for model in apps.get_models()
        if HEIGHT.get(model._meta.app_label)
        for field in model._meta.fields
        if isinstance(field, models.FloatField)
    ]
    assert floats == []


def test_nobody_listens_to_a_signal_of_our_models():
    signals = [value for value in vars(models.signals).values() if isinstance(value, ModelSignal)]
    ours = {id(model) for model in apps.get_models() if HEIGHT.get(model._meta.app_label)}
    assert class_prepared not in signals
    assert [signal for signal in signals for key, *_ in signal.receivers if key[1] in ours] == []
