"""The files of an import: how they may be written, which may be missing, and how far the reading of them is."""

import io

import pytest
from django.core.management import call_command

from customers.models import Organisation
from subscriptions.models import Plan, Termination
from tests.support.directory import ACME, COUNTS, S3
from tests.support.terminal import Terminal

pytestmark = pytest.mark.django_db


def test_columns_in_any_order_a_byte_order_mark_and_crlf(directory, imported):
    path = directory.write()
    (path / "plans.csv").write_bytes(
        b"\xef\xbb\xbfprice_per_month,currency,name,product,sku\r\n"
        b'50.00,SGD,"SIP, ""monthly""",SIP Trunk,SIP\r\n900,JPY,Fax,Fax,FAX'
    )
    assert imported(path) == (0, COUNTS, [])
    assert Plan.objects.get(sku="SIP").name == 'SIP, "monthly"'


def test_a_reason_may_have_several_lines(directory, imported):
    directory.set("subscriptions", 4, "termination_reason", "moved\naway")
    directory.set("organisations", 2, "name", "Acmé\nLtd")
    assert imported(directory.write())[0] == 0
    assert Termination.objects.get(subscription__uuid=S3).explanation == "moved\naway"
    assert Organisation.objects.get(uuid=ACME).name == "Acmé Ltd"


def test_only_organisations_are_required_and_optional_columns_may_be_missing(directory, imported):
    directory.files = {
        "organisations": ["uuid,name,country,currency,timezone", f"{ACME},Acme,SG,SGD,Asia/Singapore"]
    }
    assert imported(directory.write()) == (0, ["organisations.csv: 1 new, 0 unchanged"], [])


def test_a_missing_directory_is_one_sentence(tmp_path, imported):
    from django.core.management.base import CommandError

    with pytest.raises(CommandError, match="is not a directory"):
        imported(tmp_path / "nowhere")


def test_a_file_that_breaks_while_it_is_read_is_named(directory, imported):
    from django.core.management.base import CommandError

    path = directory.write()
    (path / "plans.csv").unlink()
    # Can be opened; its first byte can't be read.
    (path / "plans.csv").symlink_to("/proc/self/mem")
    with pytest.raises(CommandError) as refusal:
        imported(path)
    assert str(refusal.value) == f"{path}/plans.csv can't be read: Input/output error."


def test_a_mistyped_file_name_is_mentioned(directory, imported):
    path = directory.write()
    (path / "invoices.csv").write_text("a\n")
    status, out, err = imported(path)
    assert (status, out) == (0, COUNTS)
    assert err == ["invoices.csv is not a file of the import format and is left out."]


def test_a_terminal_sees_how_far_the_import_is(directory):
    path = directory.write()
    size = sum(file.stat().st_size for file in path.iterdir())
    terminal = Terminal()
    call_command("import_data", str(path), stdout=io.StringIO(), stderr=terminal)
    begun, *read, checking, writing, after = terminal.getvalue().removeprefix("\r").split("\r")
    assert begun == "Bytes read ...\x1b[K"
    assert read[-1].startswith(f"[{'#' * 30}] 100 %  Bytes read: {size:,} of {size:,}, ")
    assert (checking, writing, after) == ("Checking ...\x1b[K", "Writing ...\x1b[K", "\x1b[K")
