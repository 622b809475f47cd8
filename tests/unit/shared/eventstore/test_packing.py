"""A batch as arguments: what PostgreSQL reads as arrays, and which heads it need not look up."""

from datetime import UTC, datetime
from uuid import UUID

from asyncpg.pgproto import pgproto

from shared.eventstore.packing import Append, StoredRow, packed
from shared.eventstore.store import CommandRecord

ONE, OTHER, COMMAND, OWNER = (UUID(int=number) for number in (1, 2, 3, 4))
AT = datetime(2026, 3, 8, 7, 0, 0, 123456, tzinfo=UTC)
NEW, CHANGED, GUARDED = (ONE, 0), (OTHER, 4), (OWNER, 0)


def row(stream_id: UUID, version: int, word: str, data: bytes) -> StoredRow:
    return StoredRow(stream_id, version, word, 1, OWNER, data)


def test_of_the_heads_only_those_are_looked_up_that_no_unique_index_refuses() -> None:
    rows = [row(ONE, 1, "Opened", b"\x00a"), row(OTHER, 5, "Closed", b"\x00bc")]
    arguments = packed([Append(CommandRecord(COMMAND, b"f", AT, {}), [NEW, CHANGED, GUARDED], rows, "{}")])
    assert arguments is not None
    assert arguments[:2] == [f'{{"{OTHER}","{OWNER}"}}', "{4,0}"]


def test_columns_are_arrays_in_the_order_of_events_and_a_command_stands_on_its_first() -> None:
    rows = [row(ONE, 1, "Opened", b"\x00a"), row(ONE, 2, "Closed", b"\x00bc"), row(ONE, 3, "Opened", b"")]
    arguments = packed([Append(CommandRecord(COMMAND, b"\x00f", AT, {}), [NEW], rows, '{"origin":"desk"}')])
    assert arguments == [
        "{}", "{}", ["Opened", "Closed"], f'{{"{ONE}","{ONE}","{ONE}"}}', "{1,2,3}", "{1,2,1}", "{1,1,1}",
        f'{{"{OWNER}","{OWNER}","{OWNER}"}}', "{" + ",".join(['"2026-03-08T07:00:00.123456+00:00"'] * 3) + "}",
        f'{{"{COMMAND}",null,null}}', "{3,null,null}", '{"\\\\x0066",null,null}', "{1,3,6}", "{2,3,0}",
        b"\x00a\x00bc", '[{"origin":"desk"},{"origin":"desk"},{"origin":"desk"}]',
    ]  # fmt: skip


def test_ids_of_the_driver_s_own_class_are_ids_as_well() -> None:
    theirs = pgproto.UUID(str(ONE))
    arguments = packed([Append(CommandRecord(None, b"", AT, {}), [(theirs, 1)], [row(theirs, 2, "W", b"")], "{}")])
    assert arguments is not None
    assert arguments[0] == arguments[3] == f'{{"{ONE}"}}'


def test_without_an_event_there_is_nothing_to_write() -> None:
    assert packed([Append(CommandRecord(COMMAND, b"f", AT, {}), [NEW], [], "{}")]) is None
