"""The page of an organisation and its tabs. Each app serves its own tab, and declares it in its module `tabs`."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from customers import selectors
from portal.lib import declarations, htmx
from portal.lib.http import Request


@dataclass(frozen=True)
class Tab:
    """Hold a tab. *Shape*: `address` is the name of an address that takes the organisation's UUID."""

    name: str
    label: str
    address: str
    permission: str
    place: int


_declared: declarations.Declarations[dict[str, Tab]] = declarations.Declarations("tabs", {})


def declare(tab: Tab) -> None:
    """Show a tab to whoever has its permission, in the order of places."""
    _declared.so_far[tab.name] = tab


def items(request: Request, *, organisation_uuid: uuids.UUID, current: str) -> list[dict[str, Any]]:
    """List the tabs that somebody may see. *Shape*: as components/tabs.html wants them."""
    return [
        {
            "label": tab.label,
            "url": reverse(tab.address, args=[organisation_uuid]),
            "is_current": tab.name == current,
        }
        for tab in sorted(_declared.all().values(), key=lambda tab: tab.place)
        if request.user.has_perm(tab.permission)
    ]


def page(
    request: Request,
    *,
    organisation: selectors.OrganisationHeader,
    tab: str,
    fragment: str,
    context: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Show a tab, or what opens from one: the fragment for htmx, and inside the organisation's page otherwise."""
    is_part = htmx.wants_fragment(request)
    return htmx.render_page(
        request,
        page="customers/organisation.html",
        fragment=fragment,
        context={
            "organisation": organisation,
            "tabs": () if is_part else items(request, organisation_uuid=organisation.uuid, current=tab),
            "tabs_label": f"Sections of {organisation.name}",
            "tab_template": fragment,
            **context,
        },
        status=status,
    )
