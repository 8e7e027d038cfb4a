"""What a request may bring, and what a browser may keep of the answer."""

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.test import RequestFactory
from django.urls import reverse

from portal.wsgi import application
from settings_app.models import PortalConfigVersion

pytestmark = pytest.mark.django_db


class Body:
    """A body that counts how much of it was read."""

    def __init__(self) -> None:
        self.read_so_far = 0

    def read(self, size: int = -1) -> bytes:
        self.read_so_far += max(size, 1)
        return b"x" * max(size, 1)

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)


def answer_to(body: Body, path: str = "/log-in/", **environ: str) -> tuple[str, dict[str, str], str]:
    """Send a POST as a server would hand it over."""
    given: dict[str, object] = {}

    def start(status: str, headers: list[tuple[str, str]], *more: object) -> None:
        given.update(status=status, headers=dict(headers))

    request = RequestFactory().post(path)
    content = application({**request.environ, "wsgi.input": body, **environ}, start)
    page = b"".join(content).decode()
    return str(given["status"]), given["headers"], page  # type: ignore[return-value]


@pytest.mark.parametrize("path", ["/log-in/", "/audit/", "/nowhere/", "/admin/", "/healthz"])
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_what_is_too_long_is_refused_before_it_is_read(path, kind):
    body = Body()
    length = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    status, headers, page = answer_to(body, path, CONTENT_LENGTH=length, CONTENT_TYPE=kind)
    assert status == "413 Request Entity Too Large"
    assert "no form of it is longer than a megabyte" in page
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert body.read_so_far == 0


@pytest.mark.parametrize("length", ["9" * 5000, "0" * 30 + "2000000"])
def test_a_length_of_many_digits_is_read_as_what_it_is(length):
    body = Body()
    assert answer_to(body, CONTENT_LENGTH=length)[0].startswith("413")
    assert body.read_so_far == 0


def test_a_body_in_chunks_is_refused_before_it_is_read():
    body = Body()
    status, _, page = answer_to(body, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")
    assert status == "411 Length Required"
    assert "This is too long" in page
    assert body.read_so_far == 0


def test_a_file_in_a_small_form_stays_in_memory(client_of, monkeypatch):
    kept: list[str] = []
    complete = FileUploadHandler.new_file
    monkeypatch.setattr(
        FileUploadHandler,
        "new_file",
        lambda self, *args, **more: (kept.append(type(self).__name__), complete(self, *args, **more))[1],
    )
    before = PortalConfigVersion.objects.count()
    data = {"explanation": SimpleUploadedFile("a.txt", b"x" * 500_000)}
    assert client_of("superuser").post(reverse("settings_app:portal_config"), data).status_code == 422
    assert kept == ["MemoryFileUploadHandler"]
    assert PortalConfigVersion.objects.count() == before


@pytest.mark.parametrize("path", ["/", "/customers/", "/audit/", "/admin/", "/nowhere/", "/styleguide/"])
def test_a_page_of_somebody_who_is_logged_in_is_not_kept(client_of, path):
    for answer in (client_of("superuser").get(path), client_of("").get(path)):
        assert "no-store" in answer["Cache-Control"], (path, answer.status_code)
