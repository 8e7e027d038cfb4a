"""Pages and the streamed CSV leave the portal compressed, for who can read that, and are the same otherwise."""

import gzip

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_a_page_is_compressed_for_who_takes_it(client) -> None:
    plain = client.get(reverse("account_login"))
    packed = client.get(reverse("account_login"), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain["Vary"]
    assert "Accept-Encoding" in packed["Vary"]
    assert len(packed.content) < len(plain.content) / 2
    assert b"<h1>Log in</h1>" in gzip.decompress(packed.content)


def test_two_answers_differ_in_what_the_length_could_tell(client) -> None:
    lengths = {
        len(client.get(reverse("account_login"), headers={"Accept-Encoding": "gzip"}).content) for _ in range(10)
    }
    assert len(lengths) > 1


def test_the_csv_is_compressed_as_it_is_streamed(client_of) -> None:
    answer = client_of("auditor").get(reverse("audit:list"), {"format": "csv"}, headers={"Accept-Encoding": "gzip"})
    assert answer.streaming
    assert answer["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer
    assert gzip.decompress(b"".join(answer.streaming_content)).startswith(b"\xef\xbb\xbfApp,Event,Description")
