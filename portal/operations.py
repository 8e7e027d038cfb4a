"""Create the staff who log in."""

from datetime import datetime

from django.contrib.auth.models import Group, User
from django.db import IntegrityError

from portal import roles
from portal.audit import names
from portal.audit import operations as audit_operations

SUPERUSER = "superuser"
ROLES = (*roles.ROLES, SUPERUSER)


class UsernameTaken(Exception):
    """Say that somebody has this username already, perhaps written in another case."""

    def __init__(self, username: str) -> None:
        self.username = username
        super().__init__(f"There is somebody with the username “{username}” already.")


def create_staff(*, username: str, role: str, password: str, by: audit_operations.Actor, at: datetime) -> User:
    """Create a member of staff in a role. The password is taken as it is: the caller has validated it.

    *Raises*: UsernameTaken; KeyError for an unknown role.
    """
    label = "Superuser" if role == SUPERUSER else roles.LABELS[role]
    try:
        with audit_operations.operation("create_staff"):
            there = User.objects.filter(username__iexact=username).first()
            if there is not None:
                raise UsernameTaken(there.username)
            is_superuser = role == SUPERUSER
            user = User.objects.create_user(
                username, password=password, is_superuser=is_superuser, is_staff=is_superuser
            )
            if not is_superuser:
                user.groups.add(Group.objects.get(name=role))
            audit_operations.record(
                app=names.PORTAL,
                event="Staff created",
                description=f"{username} was created with the role {label}.",
                by=by,
                at=at,
            )
    except IntegrityError as error:
        raise UsernameTaken(username) from error
    return user
