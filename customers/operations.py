"""Move money on a credit account: link an entry to the one before it, post corrections, top up."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from customers import refusals, selectors, writer
from customers.models import CreditAccount, LedgerEntry, Member, Organisation, TopUp
from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import days, money, text
from portal.postgresql import diagnosis


class NoTransaction(RuntimeError):
    """Say that an entry was to be posted outside the transaction that its cause needs."""

    def __init__(self) -> None:
        super().__init__("A ledger entry is posted inside the transaction of its cause: open an operation first.")


def lock_account(*, organisation_id: int) -> CreditAccount:
    """Lock the account of an organisation until the transaction ends, and read it as it is under the lock.

    *Raises*: NoTransaction; CreditAccount.DoesNotExist.
    """
    if not connection.in_atomic_block:
        raise NoTransaction
    return CreditAccount.objects.select_for_update(no_key=True).get(organisation_id=organisation_id)


def post_entry(
    *,
    account: CreditAccount,
    kind: str,
    amount: Decimal,
    cause_id: uuid.UUID | None,
    is_unbilled: bool,
    at: datetime,
    on: date,
    description: str,
    actor: str,
    request_id: uuid.UUID | None = None,
) -> LedgerEntry:
    """Link the next entry to an account from `lock_account`, whose balance and head follow.

    One entry for each time the account was read: the keys of the chain refuse a second one at the same place.
    *Units*: `amount` in the account's currency, not 0; above 0 adds to the balance, below takes from it.
    *Raises*: NoTransaction; BalanceOutOfRange.
    """
    if not connection.in_atomic_block:
        raise NoTransaction
    after = selectors.balance_after(account, amount=amount)
    entry = LedgerEntry(
        account=account,
        seq=(account.last_seq or 0) + 1,
        currency=account.currency,
        before=account.balance,
        amount=amount,
        after=after,
        kind=kind,
        cause_id=cause_id,
        is_unbilled=is_unbilled,
        at=at,
        on=on,
        description=description,
        actor=actor,
        request_id=request_id,
        previous_sha256=account.head,
    )
    # The table takes the account along to its new last entry.
    writer.ENTRIES.add([entry])
    return entry


@contextmanager
def form_posts_once() -> Iterator[None]:
    """Refuse a form that somebody else has posted with, or that was used before its key was forgotten.

    *Raises*: KeyReused.
    """
    with diagnosis.told_as({"a_form_posts_one_entry": frame.KeyReused}):
        yield


def post_correction(
    *,
    organisation_uuid: uuid.UUID,
    amount: Decimal,
    reason: str,
    cause_id: uuid.UUID | None,
    seen_seq: int | None,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> LedgerEntry:
    """Post a correction entry that mends no termination, or one that the caller has checked.

    The same form sent again gives the entry that the first one posted and writes nothing. A postpaid
    organisation's correction goes on its monthly invoice, as a refund does, so it is marked unbilled.
    *Units*: `amount` in the organisation's currency, up to six decimals, above 0 adds, below takes; `seen_seq` is
    the place of the last entry when the balance was shown, 0 before the first, None where nobody was shown it.
    *Raises*: Organisation.DoesNotExist, KeyReused, BalanceMoved, BalanceOutOfRange.
    """
    content = {"organisation": organisation_uuid, "amount": amount, "reason": reason, "cause": cause_id}
    key = frame.Key(request_id, content, by=by, at=at, outcome=request_id)
    with form_posts_once(), frame.operation("post_correction", key=key) as earlier:
        if earlier:
            return LedgerEntry.objects.get(request_id=earlier)
        return write_correction(
            organisation_uuid=organisation_uuid,
            amount=amount,
            reason=reason,
            cause_id=cause_id,
            seen_seq=seen_seq,
            request_id=request_id,
            by=by,
            at=at,
        )


def write_correction(
    *,
    organisation_uuid: uuid.UUID,
    amount: Decimal,
    reason: str,
    cause_id: uuid.UUID | None,
    seen_seq: int | None,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> LedgerEntry:
    """Write a correction inside the caller's operation, as `post_correction` does in its own."""
    organisation, account = _locked(organisation_uuid)
    _check_seen(account, seen_seq=seen_seq)
    entry = post_entry(
        account=account,
        kind=LedgerEntry.Kind.CORRECTION,
        amount=amount,
        cause_id=cause_id,
        is_unbilled=organisation.payment_mode == Organisation.PaymentMode.POSTPAID,
        at=at,
        on=days.today_in(organisation.timezone, at=at),
        description=reason,
        actor=by.name,
        request_id=request_id,
    )
    shown = money.display_balance(abs(amount), currency=account.currency)
    moved = f"{shown} added to" if amount > 0 else f"{shown} taken from"
    mended = f", mending termination {cause_id}" if cause_id else ""
    audit_operations.record(
        "correction.posted",
        sentence=f"{moved} Available Credits{mended}: {reason}",
        subject=audit_operations.Subject("organisation", organisation.uuid),
        data={
            "seq": entry.seq,
            "amount": amount,
            "currency": account.currency,
            "termination": cause_id,
            "reason": reason,
        },
        by=by,
        at=at,
        organisation=audit_operations.Affected(organisation.uuid, organisation.name),
    )
    return entry


def post_top_up(
    *,
    organisation_uuid: uuid.UUID,
    amount: Decimal,
    reason: str,
    seen_seq: int | None,
    request_id: uuid.UUID,
    by: frame.Actor,
    at: datetime,
) -> LedgerEntry:
    """Raise Available Credits by hand. The top-up is a row of its own, and the cause of its entry.

    The same form sent again gives the first entry. Postpaid: the entry is unbilled, so that the monthly invoice
    takes account of it.
    *Units*: `amount` above 0, in whole minor units of the organisation's currency; `seen_seq` as in a correction.
    *Raises*: Organisation.DoesNotExist, KeyReused, AmountNotUsable, BalanceMoved, BalanceOutOfRange.
    """
    content = {"organisation": organisation_uuid, "amount": amount, "reason": reason}
    key = frame.Key(request_id, content, by=by, at=at)
    with form_posts_once(), frame.operation("post_top_up", key=key) as earlier:
        if earlier:
            return TopUp.objects.select_related("entry").get(uuid=earlier).entry
        organisation, account = _locked(organisation_uuid)
        refusals.check_amount(amount, currency=account.currency)
        _check_seen(account, seen_seq=seen_seq)
        entry = post_entry(
            account=account,
            kind=LedgerEntry.Kind.TOP_UP,
            amount=amount,
            cause_id=key.outcome,
            is_unbilled=organisation.payment_mode == Organisation.PaymentMode.POSTPAID,
            at=at,
            on=days.today_in(organisation.timezone, at=at),
            description=reason,
            actor=by.name,
            request_id=request_id,
        )
        TopUp.objects.create(
            uuid=key.outcome,
            organisation=organisation,
            currency=account.currency,
            amount=amount,
            reason=reason,
            entry=entry,
            created_at=at,
            actor=by.name,
        )
        audit_operations.record(
            "credits.topped_up",
            sentence=f"{money.display(amount, currency=account.currency)} added to Available Credits: {reason}",
            subject=audit_operations.Subject("organisation", organisation.uuid),
            data={
                "seq": entry.seq,
                "amount": amount,
                "currency": account.currency,
                "top_up": key.outcome,
                "reason": reason,
            },
            by=by,
            at=at,
            organisation=audit_operations.Affected(organisation.uuid, organisation.name),
        )
        return entry


def _locked(organisation_uuid: uuid.UUID) -> tuple[Organisation, CreditAccount]:
    organisation = Organisation.objects.get(uuid=organisation_uuid)
    return organisation, lock_account(organisation_id=organisation.pk)


def _check_seen(account: CreditAccount, *, seen_seq: int | None) -> None:
    if seen_seq is not None and seen_seq != (account.last_seq or 0):
        raise refusals.BalanceMoved(seen_seq=seen_seq, last_seq=account.last_seq or 0)


ORGANISATIONS_AT_ONCE = 500
# Whoever was there before members became search keys. An organisation has all of its members' keys or none.
_WITHOUT_KEYS = """
    SELECT DISTINCT organisation_id FROM customers_member m
    WHERE organisation_id > %s
      AND NOT EXISTS (SELECT FROM customers_searchkey k WHERE k.organisation_id = m.organisation_id
                      AND k.kind IN ('member', 'member_email'))
    ORDER BY organisation_id LIMIT %s
"""


def write_member_keys(*, at: datetime) -> int:
    """Write the search keys of members that have none, and count them; some organisations in each transaction.

    Safe to repeat, and to break off: what is missing then is written the next time.
    """
    count, last = 0, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_WITHOUT_KEYS, [last, ORGANISATIONS_AT_ONCE])
            owners = [organisation_id for (organisation_id,) in cursor.fetchall()]
        if not owners:
            return count
        count += _write_keys_of(Member.objects.filter(organisation_id__in=owners), at=at)
        last = owners[-1]


def _write_keys_of(members: Iterable[Member], *, at: datetime) -> int:
    """Write the keys of members in one transaction, and count who has one.

    Of names and addresses that are nothing but signs no key is made: such members are met again each time, and
    where there is nobody else, nothing is written and nothing told.
    """
    found = {
        member.pk: {
            (member.organisation_id, kind, key)
            for kind, written in (("member", member.name), ("member_email", member.email))
            if (key := text.fold(written)[:400].strip())
        }
        for member in members
    }
    keys = {key for of_member in found.values() for key in of_member}
    count = sum(bool(of_member) for of_member in found.values())
    if not keys:
        return count
    with frame.operation("write_member_keys"):
        writer.SEARCH_KEYS.write(
            ({"organisation_id": owner, "kind": kind, "text": key} for owner, kind, key in sorted(keys)),
            then="ON CONFLICT DO NOTHING",
        )
        audit_operations.record(
            "search_keys.written",
            sentence=f"{text.counted(count, 'member')} can be found by name and e-mail address.",
            data={"members": count},
            by=frame.SYSTEM,
            at=at,
        )
    return count
