"""Name what the middleware adds to a request, so that mypy knows it; nothing here runs."""

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Request(HttpRequest):
    """A request behind the log-in, as its view gets it: with somebody who is logged in.

    The log-in's own pages, health and error pages take Django's HttpRequest, whose user may be nobody.
    """

    user: "User"
    htmx: HtmxDetails
