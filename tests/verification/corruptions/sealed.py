"""Corruptions of events, their positions and their seals."""

from tests.verification.corruptions.planted import Planted

_WAITS = "(SELECT event_id FROM audit_unnumbered)"
_FIRST = "(SELECT event_id FROM audit_position WHERE position = 1)"
MADE_ANEW = """
    UPDATE audit_seal s SET count = last_position - first_position + 1, digest = (
        SELECT sha256(string_agg(e.sha256, ''::bytea ORDER BY p.position))
        FROM audit_position p JOIN audit_auditentry e ON e.id = p.event_id
        WHERE p.position BETWEEN s.first_position AND s.last_position);
    UPDATE audit_seal s SET previous_sha256 = b.sha256 FROM audit_seal b WHERE b.number = s.number - 1"""

CORRUPTIONS = (
    Planted(
        "the words of an event about anything but a termination",
        "UPDATE audit_auditentry SET description = 'Nothing' WHERE event = 'Imported'",
        "seal_events",
    ),
    Planted(
        "an event of settings, renewals or staff, deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Imported'",
        "seal_events",
    ),
    Planted(
        "an event deleted with its position",
        f"DELETE FROM audit_auditentry WHERE id = {_FIRST};DELETE FROM audit_position WHERE position = 1",
        "position_gap",
    ),
    Planted(
        "an event exchanged for one that was told later",
        f"UPDATE audit_position SET event_id = {_FIRST} WHERE event_id = {_WAITS};"
        f"UPDATE audit_position SET event_id = {_WAITS} WHERE position = 1;"
        "DELETE FROM audit_unnumbered",
        "seal_events",
    ),
    Planted(
        "two events that changed places",
        "ALTER TABLE audit_position DROP CONSTRAINT an_event_has_one_position;"
        "UPDATE audit_position p SET event_id = q.event_id FROM audit_position q"
        " WHERE p.position IN (1, 2) AND q.position = 3 - p.position",
        "seal_events",
    ),
    Planted("a seal with another count", "UPDATE audit_seal SET count = count + 1 WHERE number = 2", "seal_events"),
    Planted(
        "a seal of before taken out",
        "DELETE FROM audit_seal WHERE number = 1",
        "seal_order",
    ),
    Planted(
        "a range of positions that no seal covers",
        "UPDATE audit_seal SET first_position = first_position + 1, count = count - 1 WHERE number = 2",
        "seal_order",
    ),
    Planted("a seal of before edited", "UPDATE audit_seal SET sealed_at = now() WHERE number = 1", "seal_chain"),
    Planted(
        "a seal that keeps its hash",
        "ALTER TABLE audit_seal ALTER COLUMN sha256 DROP EXPRESSION;UPDATE audit_seal SET sealed_at = now()",
        "seal_hash",
    ),
    Planted("an event that waits, deleted", f"DELETE FROM audit_auditentry WHERE id IN {_WAITS}", "event_waits"),
    Planted("an event that does not wait", "DELETE FROM audit_unnumbered", "event_position"),
    Planted(
        "an event with a position that waits all the same",
        f"INSERT INTO audit_unnumbered (event_id) SELECT {_FIRST}",
        "event_waits",
    ),
    Planted(
        "an event with two positions",
        "ALTER TABLE audit_position DROP CONSTRAINT an_event_has_one_position;"
        "INSERT INTO audit_position (position, event_id, numbered_at)"
        f" SELECT max(position) + 1, {_FIRST}, now() FROM audit_position",
        "position_twice",
    ),
    Planted(
        "a position of no event",
        "UPDATE audit_position SET event_id = -1 WHERE position = 1",
        "position_event",
    ),
    Planted(
        "The words of an event that is not sealed yet",
        f"UPDATE audit_auditentry SET description = 'Nothing' WHERE id IN {_WAITS}",
    ),
    Planted(
        "An event that is not sealed yet, deleted with its place among those that wait",
        f"DELETE FROM audit_auditentry WHERE id IN {_WAITS};DELETE FROM audit_unnumbered",
    ),
    Planted("The last seal, deleted", "DELETE FROM audit_seal WHERE number = 2"),
    Planted(
        "An event edited, and every seal from there on made anew",
        f"UPDATE audit_auditentry SET description = 'Nothing' WHERE event = 'Imported';{MADE_ANEW}",
    ),
)
