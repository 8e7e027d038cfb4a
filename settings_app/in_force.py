"""The settings in force, read once for each request."""

from typing import cast

from django.http import HttpRequest

from settings_app import selectors


class _Keeping(HttpRequest):
    portal_config: selectors.Config


def config_of(request: HttpRequest) -> selectors.Config:
    """Read the settings in force, once for each request: the frame of a page and its body share them."""
    kept: selectors.Config | None = getattr(request, "portal_config", None)
    if kept is None:
        kept = selectors.current_config()
        cast(_Keeping, request).portal_config = kept
    return kept


def provider_name_of(request: HttpRequest) -> str:
    """Give the provider's name, from the settings if the request has read them."""
    kept: selectors.Config | None = getattr(request, "portal_config", None)
    return kept.provider_name if kept else selectors.provider_name()
