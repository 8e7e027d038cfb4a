"""The config in force, read once for a request."""

from typing import cast

from django.http import HttpRequest

from settings_app import selectors


class _Keeping(HttpRequest):
    portal_config: selectors.Config


def config_of(request: HttpRequest) -> selectors.Config:
    """Read the config in force once for a request: the page's frame and its body want it."""
    kept: selectors.Config | None = getattr(request, "portal_config", None)
    if kept is None:
        kept = selectors.current_config()
        cast(_Keeping, request).portal_config = kept
    return kept


def provider_name_of(request: HttpRequest) -> str:
    """Name the provider without reading the config again."""
    kept: selectors.Config | None = getattr(request, "portal_config", None)
    return kept.provider_name if kept else selectors.provider_name()
