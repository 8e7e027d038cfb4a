"""Read a new password on the command line, and look whether it can be used."""

import getpass
import sys

from django.contrib.auth import password_validation
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser


def add_option(parser: CommandParser) -> None:
    """Let a command take it from standard input."""
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="Read the password from the first line of standard input instead of asking twice.",
    )


def read(*, of: User, is_from_stdin: bool, nothing_done: str) -> str:
    """Read it from standard input, or ask twice. *Raises*: CommandError."""
    password = _from_stdin() if is_from_stdin else _asked_twice(nothing_done)
    try:
        password_validation.validate_password(password, of)
    except ValidationError as error:
        raise CommandError("The password can't be used: " + " ".join(error.messages)) from error
    return password


def _from_stdin() -> str:
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise CommandError("The password on standard input is not UTF-8.") from error
    password = line.removesuffix("\n").removesuffix("\r")
    if not password:
        raise CommandError("There is no password on standard input.")
    return password


def _asked_twice(nothing_done: str) -> str:
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask for the password: use --password-stdin.")
    try:
        password = getpass.getpass("Password: ")
        again = getpass.getpass("Password (again): ")
    except (KeyboardInterrupt, EOFError) as error:
        raise CommandError(nothing_done) from error
    if password != again:
        raise CommandError(f"The two passwords are not the same. {nothing_done}")
    return password
