"""Who asks for pages in this process."""

from django.contrib.auth.models import User
from django.test import Client


class StaffClient(Client):
    """The browser of somebody of the staff."""

    user: User
