"""The file of a list: two at once, and a place for the next as soon as one is closed."""

import pytest

from portal.lib.lists import export

pytestmark = pytest.mark.django_db  # closing an answer closes old connections


def test_as_many_files_at_once_as_there_are_places():
    def file():
        return export.response("numbers", ["Number"], [[1], [2]])

    # Nobody read these: a browser that asked with HEAD, or that went away.
    for _ in range(export.AT_ONCE + 1):
        file().close()
    open_ones = [file() for _ in range(export.AT_ONCE)]
    with pytest.raises(export.Busy):
        file()
    assert b"".join(open_ones[0]) == b"\xef\xbb\xbfNumber\r\n1\r\n2\r\n"
    open_ones[0].close()
    file().close()
    open_ones[1].close()
