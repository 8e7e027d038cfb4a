"""The demo's staff: who they are, and who of them the demo's password still lets in."""

from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import Group, User

PASSWORD = "demo"  # noqa: S105 - a demo's log-ins are printed, not kept
NAMES = ("agent", "billing", "auditor", "admin")
# Everybody reads the password: to hash it, which is slow on purpose, would hold up each start and hide nothing.
HASHED = "pbkdf2_sha256$1000000$JC33RAtoYQ42bVlO0qFPJI$FB6NnYQHaoczakjO6LgBP+tOn/ouoqFUe3Hx8+4z6Rc="


def write() -> None:
    """Create the people that may log in, one for each role, all with the same short password."""
    for name in NAMES:
        is_admin = name == "admin"
        user = User.objects.create(username=name, password=HASHED, is_staff=is_admin, is_superuser=is_admin)
        if not is_admin:
            user.groups.add(Group.objects.get(name=name))


def that_can_log_in() -> list[str]:
    """Name the demo's staff that can still log in with the demo's password; no other name is tried."""
    users = User.objects.filter(username__in=NAMES, is_active=True).values_list("username", "password")
    # A demo of an earlier version has one hash of its own for all.
    right = {hashed: hashed == HASHED or check_password(PASSWORD, hashed) for hashed in {one for _, one in users}}
    return sorted((name for name, hashed in users if right[hashed]), key=NAMES.index)
