#!/usr/bin/env python
"""Join the database, then hand over to Django."""

from __future__ import annotations

import os
import sys

from portal import embedded


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        embedded.join()
    except embedded.EmbeddedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
    return 0


if __name__ == "__main__":
    sys.exit(main())
