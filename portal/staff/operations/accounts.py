"""Create members of staff, and set their passwords."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import Group, User

from portal import frame
from portal.audit import operations as audit_operations
from portal.postgresql import diagnosis
from portal.staff import roles, selectors, usernames

SUPERUSER = "superuser"
ROLES = (*roles.ROLES, SUPERUSER)


@dataclass(eq=False)
class UsernameTaken(frame.Refused):
    """The username is taken, perhaps in another case."""

    code = "username_taken"
    status = 422
    field = "username"

    username: str


def create_staff(*, username: str, role: str, password: str, by: frame.Actor, at: datetime) -> User:
    """Create a member of staff with a role. The caller has validated the password.

    *Raises*: UsernameTaken.
    """
    taken = dict.fromkeys(usernames.TAKEN_BY, lambda: UsernameTaken(username))
    with diagnosis.told_as(taken), frame.operation("create_staff"):
        there = selectors.named(username)
        if there is not None:
            raise UsernameTaken(there.username)
        is_superuser = role == SUPERUSER
        user = User.objects.create_user(
            username, password=password, is_superuser=is_superuser, is_staff=is_superuser
        )
        if not is_superuser:
            user.groups.add(Group.objects.get(name=role))
        _note_created(username=username, role=role, by=by, at=at)
    return user


def create_superuser(*, ask: Callable[[], str], by: frame.Actor, at: datetime) -> None:
    """Create a superuser through Django's command, in one transaction with the audit entry.

    *Shape*: `ask` creates the user and returns the username. *Raises*: IntegrityError, and what `ask` raises.
    """
    with frame.operation("create_staff"):
        _note_created(username=ask(), role=SUPERUSER, by=by, at=at)


def _note_created(*, username: str, role: str, by: frame.Actor, at: datetime) -> None:
    label = "Superuser" if role == SUPERUSER else roles.LABELS[role]
    audit_operations.record(
        "staff.created",
        sentence=f"{username} was created with the role {label}.",
        data={"username": username, "role": role},
        by=by,
        at=at,
    )


def change_password(*, user: User, password: str, address: str, at: datetime) -> None:
    """Set the password that a user chose. The caller has validated it, and checked the present one."""
    with frame.operation("change_password"):
        _write_password(user, password)
        told = f"changed their own password, from {address}"
        note_password(user=user, told=told, by=frame.Actor.of(user), at=at)


def give_password(*, user: User, password: str, by: frame.Actor, at: datetime) -> None:
    """Set a password from the command line. The caller has validated it."""
    with frame.operation("give_password"):
        _write_password(user, password)
        note_password(user=user, told="was given another password on the command line", by=by, at=at)


def _write_password(user: User, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def note_password(*, user: User, told: str, by: frame.Actor, at: datetime) -> None:
    """Record in the audit that a password changed, in the transaction of the change."""
    audit_operations.record(
        "password.changed",
        sentence=f"{user.get_username()} {told}.",
        data={"username": user.get_username()},
        by=by,
        at=at,
    )
