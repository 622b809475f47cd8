"""Identifiers: time first, and found again by a retry."""

from datetime import UTC, datetime
from uuid import UUID

from shared.ids import derived_id, natural_id, uuid7

COMMAND = UUID("7f2c1a34-52f5-5c0e-9d3b-8a5b7f6c1d2e")
AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_a_random_id_is_version_7_of_the_standard_variant() -> None:
    made = uuid7()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_random_ids_differ() -> None:
    assert len({uuid7() for _ in range(10_000)}) == 10_000


def test_a_retry_that_knows_the_instant_finds_the_same_id() -> None:
    assert derived_id(COMMAND, "conversation", AT) == derived_id(COMMAND, "conversation", AT)


def test_names_of_one_command_give_different_ids() -> None:
    assert derived_id(COMMAND, "conversation", AT) != derived_id(COMMAND, "message", AT)


def test_a_derived_id_is_version_8_and_begins_with_its_milliseconds() -> None:
    made = derived_id(COMMAND, "conversation", AT)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert made.int >> 80 == int(AT.timestamp() * 1000)


def test_the_parts_of_a_natural_id_do_not_run_into_each_other() -> None:
    assert natural_id(COMMAND, "ab", "c") != natural_id(COMMAND, "a", "bc")
