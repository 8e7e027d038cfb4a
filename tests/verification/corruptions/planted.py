"""What a corruption is, and the statements that many of them are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Planted:
    """Hold a corruption: in words, the statements that plant it, and the kind it is found by.

    *Shape*: no `kind` where nothing shows it: then `what` is a row of the page's list of such changes.
    """

    what: str
    sql: str
    kind: str = ""


TERMINATION = "UPDATE subscriptions_termination SET"
QUOTE = f"{TERMINATION} quote = jsonb_set(quote,"
REFUNDED, WAIVED = "WHERE id = %(refunded)s", "WHERE id = %(waived)s"
ENTRY = "UPDATE customers_ledgerentry SET"
ITS_ENTRY = "WHERE kind = 'refund' AND cause_id = %(refunded_uuid)s"

# The hashes after an entry are made to fit, and the account: only the case's own fault is left.
FIT = ";".join(
    [
        """UPDATE customers_ledgerentry e SET previous_sha256 = p.sha256 FROM customers_ledgerentry p
        WHERE p.account_id = e.account_id AND p.seq = e.seq - 1 AND e.previous_sha256 <> p.sha256"""
    ]
    * 4
    + [
        """UPDATE customers_creditaccount a SET (last_seq, balance, head) =
        (SELECT e.seq, e.after, e.sha256 FROM customers_ledgerentry e WHERE e.account_id = a.id
         ORDER BY e.seq DESC LIMIT 1) WHERE last_seq IS NOT NULL"""
    ]
)
EXPIRED_AUDIT = """WHERE event = 'Subscription terminated' AND substring(description FROM 14 FOR 36) =
    (SELECT uuid::text FROM subscriptions_subscription WHERE id = %(expired_subscription)s)"""
REFUNDED_AUDIT = EXPIRED_AUDIT.replace("expired_subscription", "refunded_subscription")
REOPENED = """DELETE FROM subscriptions_termination WHERE id = %(expired)s;
    UPDATE subscriptions_subscription SET status = 'expired', termination_ref = NULL
    WHERE id = %(expired_subscription)s;
    UPDATE subscriptions_phonenumber SET status = 'in_use', reserved_through = NULL
    WHERE subscription_id = %(expired_subscription)s;
    UPDATE jobs_run SET counts =
        counts || jsonb_build_object('terminated', (counts ->> 'terminated')::int - 1, 'renewing', 0)"""
TOLD_NOTHING = """DELETE FROM subscriptions_historyentry WHERE subscription_id = %(expired_subscription)s;
    DELETE FROM outbox_delivery WHERE cause_id = %(expired_uuid)s"""
TAKEN_BACK = """INSERT INTO invoicing_takeback
    (uuid, payment_id, currency, amount, surplus, reason, moved, request_id, created_at, actor)
    VALUES (gen_random_uuid(), %(payment)s, 'SGD', 3, 0, 'Bounced', {moved}, gen_random_uuid(), now(), 'maria')"""
