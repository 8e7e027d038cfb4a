"""Somebody stays who can let others in: the database refuses whatever would leave no active superuser."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from portal import frame
from portal.audit import operations as audit_operations
from portal.audit.models import AuditEntry
from portal.staff.operations import log_ins
from tests.support import refused

pytestmark = pytest.mark.django_db(transaction=True)

STAYS, NOT_DELETED = "the_last_active_superuser_stays", "the_last_active_superuser_is_not_deleted"


@pytest.fixture(autouse=True)
def staff(make_user) -> None:
    make_user("superuser", "anna")
    make_user("agent", "carl")


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    """A second superuser."""
    return make_user("superuser", "bob")


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """Another session, in plain SQL."""
    with psycopg.connect(**connection.get_connection_params()) as session:
        yield session
        session.rollback()


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def superusers() -> set[str]:
    return set(User.objects.filter(is_active=True, is_superuser=True).values_list("username", flat=True))


def wait_for_a_lock(pid: int) -> None:
    """Return when somebody waits for what this session holds."""
    looking = threading.Event()
    for _ in range(3_000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))", [pid])
            if cursor.rowcount:
                return
        looking.wait(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        (STAYS, "UPDATE auth_user SET is_active = false WHERE username = 'anna'"),
        (STAYS, "UPDATE auth_user SET is_superuser = false WHERE username = 'anna'"),
        (STAYS, "UPDATE auth_user SET is_superuser = false, is_active = false"),
        (NOT_DELETED, "DELETE FROM auth_user WHERE username = 'anna'"),
        (NOT_DELETED, "DELETE FROM auth_user_groups; DELETE FROM auth_user"),
        (STAYS, "SET LOCAL portal.operation = 'change_staff'; UPDATE auth_user SET is_active = false"),
    ],
)
def test_plain_sql_is_refused_with_a_sentence(name, statement):
    before = list(User.objects.order_by("pk").values())
    with refused.by(name) as refusal, transaction.atomic():
        execute(statement)
    assert str(refusal.value).startswith(f"refused: {name.replace('_', ' ')}")
    assert list(User.objects.order_by("pk").values()) == before


def test_an_inactive_superuser_is_no_reason_to_let_the_last_one_go(bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with refused.by(STAYS):
        User.objects.filter(username="anna").update(is_active=False)
    # Of whoever is none there may be as few as one likes.
    User.objects.exclude(username="anna").update(is_active=False, is_superuser=False)
    assert superusers() == {"anna"}


def test_one_may_take_the_place_of_another_in_one_transaction():
    with transaction.atomic():
        execute("UPDATE auth_user SET is_superuser = false WHERE username = 'anna'")
        execute("UPDATE auth_user SET is_superuser = true WHERE username = 'carl'")
    assert superusers() == {"carl"}


def test_whom_the_audit_names_as_actor_is_not_deleted(bob):
    with frame.operation("test"):
        audit_operations.record(
            "record.changed", sentence="-", app="Portal", label="Test", by=frame.Actor.of(bob), at=timezone.now()
        )
    with refused.by("audit_auditentry_actor_user_id_1f3e7f1f_fk_auth_user_id"):
        execute("DELETE FROM auth_user WHERE username = 'bob'")
    assert superusers() == {"anna", "bob"}


@pytest.mark.parametrize("isolation", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_of_two_who_demote_each_other_at_once_one_is_refused(bob, isolation):
    both_have_written = threading.Barrier(2)
    failures: list[psycopg.Error] = []

    def demote(name: str) -> None:
        with psycopg.connect(**connection.get_connection_params()) as session:
            session.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}")
            session.execute("UPDATE auth_user SET is_superuser = false WHERE username = %s", [name])
            both_have_written.wait(20)
            try:
                session.commit()
            except psycopg.Error as error:
                failures.append(error)

    threads = [threading.Thread(target=demote, args=[name]) for name in ("anna", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(superusers()) == 1
    (failure,) = failures
    if isolation == "READ COMMITTED":
        assert failure.diag.constraint_name == STAYS
    else:
        # As whoever asks for this isolation is used to: the transaction has to be tried anew.
        assert isinstance(failure, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected)


def test_who_is_about_to_demote_keeps_nobody_waiting(bob, other):
    other.execute("UPDATE auth_user SET is_superuser = false WHERE username = 'anna'")
    execute("SET lock_timeout = '1ms'")
    try:
        log_ins.note_log_in(user=bob, address="127.0.0.1", at=timezone.now())
        User.objects.filter(username="carl").update(is_superuser=True)
        User.objects.filter(username="carl").update(is_superuser=False)
    finally:
        execute("SET lock_timeout = 0")
    other.commit()
    assert superusers() == {"bob"}


def sent_before_the_end_of(other, send):
    """Let a request wait for another transaction, which then commits; give the answer."""

    def run():
        try:
            return send()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(run)
        wait_for_a_lock(other.info.backend_pid)
        other.commit()
        return answer.result(30)


def test_the_admin_says_what_the_database_refused(bob, other):
    """Both look while both are superusers; who comes second is told, and the page shows how it is."""
    client = Client()
    client.force_login(bob, backend="portal.staff.permissions.Backend")
    other.execute("UPDATE auth_user SET is_superuser = false WHERE username = 'anna'")
    other.execute("SET CONSTRAINTS ALL IMMEDIATE")  # so that it holds the lock already
    page = f"/admin/auth/user/{bob.pk}/change/"
    answer = sent_before_the_end_of(other, lambda: client.post(page, {"username": "bob", "is_active": "on"}))
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert "Nothing was saved. This is the last active superuser" in client.get(page).content.decode()
    assert superusers() == {"bob"}
    assert not AuditEntry.objects.filter(event="User changed in the admin").exists()


def test_the_admin_says_who_took_a_username_meanwhile(bob, other):
    client = Client()
    client.force_login(bob, backend="portal.staff.permissions.Backend")
    other.execute("UPDATE auth_user SET username = 'DORA' WHERE username = 'carl'")
    page = f"/admin/auth/user/{bob.pk}/change/"
    answer = sent_before_the_end_of(
        other, lambda: client.post(page, {"username": "dora", "is_active": "on", "is_superuser": "on"})
    )
    assert answer.status_code == 302
    assert "Somebody was given this username a moment ago" in client.get(page).content.decode()
    assert set(User.objects.values_list("username", flat=True)) == {"anna", "bob", "DORA"}
