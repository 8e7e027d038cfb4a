"""Read who there is."""

from django.contrib.auth.models import User

from portal.lib import usernames


def named(username: str) -> User | None:
    """Find somebody by username, whatever its case."""
    return User.objects.filter(username__iexact=username).first()


def fault_of_username(username: str, *, of: User | None = None) -> str | None:
    """Say why nobody can be called that, or nobody else than the one whose it is; None where somebody can."""
    if fault := usernames.fault_of(username):
        return fault
    there = named(username)
    if there is None or there == of:
        return None
    return taken(there.username)


def taken(username: str) -> str:
    """Say that somebody has a username."""
    return f"There is somebody with the username “{username}” already."
