"""What a request may bring, and what a browser may keep of the answer."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.urls import reverse

from settings_app.models import PortalConfigVersion

pytestmark = pytest.mark.django_db


def test_a_file_in_a_small_form_stays_in_memory(client_of, monkeypatch):
    kept: list[str] = []
    complete = FileUploadHandler.new_file

    def note(self: FileUploadHandler, *args: Any, **more: Any) -> None:
        kept.append(type(self).__name__)
        complete(self, *args, **more)

    monkeypatch.setattr(FileUploadHandler, "new_file", note)
    before = PortalConfigVersion.objects.count()
    data = {"explanation": SimpleUploadedFile("a.txt", b"x" * 500_000)}
    assert client_of("superuser").post(reverse("settings_app:portal_config"), data).status_code == 422
    assert kept == ["MemoryFileUploadHandler"]
    assert PortalConfigVersion.objects.count() == before


@pytest.mark.parametrize(
    "path", ["/", "/customers/", "/audit/", "/admin/", "/nowhere/", "/styleguide/", "/healthz"]
)
def test_a_page_of_somebody_who_is_logged_in_is_not_kept(client_of, path):
    for answer in (client_of("superuser").get(path), client_of("").get(path)):
        assert "no-store" in answer["Cache-Control"], (path, answer.status_code)
