"""Why an import was refused. Nothing was written, unless it says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal import frame
from portal.importing.faults import Fault


@dataclass(eq=False, kw_only=True)
class DirectoryFaulty(frame.Refused):
    """The files have faults. *Shape*: `first` are those that are printed, `by_file` counts all by name of file."""

    code = "directory_faulty"
    status = 422

    first: tuple[Fault, ...]
    by_file: Mapping[str, int]

    @property
    def count(self) -> int:
        """Count all faults."""
        return sum(self.by_file.values())


@dataclass(eq=False, kw_only=True)
class Interfered(frame.Refused):
    """Another change of the portal conflicts with the import."""

    code = "import_interfered"

    why: str


@dataclass(eq=False, kw_only=True)
class BrokenOff(frame.Refused):
    """The database failed: it went away, its disk is full, or a lock was held too long.

    *Shape*: `may_be_written` is True if the connection was lost during the commit. Then everything was written or
    nothing was; another import shows which. If it is False, nothing was written.
    """

    code = "import_broken_off"
    status = 503

    why: str
    may_be_written: bool


@dataclass(eq=False, kw_only=True)
class FileUnreadable(frame.Refused):
    """A file can't be read. *Shape*: `why` is the system's word."""

    code = "file_unreadable"
    status = 422

    path: str
    why: str | None


@dataclass(eq=False, kw_only=True)
class ExceptionsUnwritable(frame.Refused):
    """The file of what is set aside can't be written. *Shape*: `why` is the system's word."""

    code = "exceptions_unwritable"
    status = 422

    path: str
    why: str | None
