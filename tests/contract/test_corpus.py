"""Every stored word of every service is read back from the sample that was once written of it."""

from pathlib import Path
from uuid import UUID

import pytest

from shared.aggregate import Aggregate
from shared.eventstore.mapper import Mapper
from shared.eventstore.snapshots import freeze, thaw
from shared.eventstore.stored import Stored, StoredTable
from tests.contract.corpus import GOLDEN, STREAM, add_missing, check_corpus, owners, sample_event, table_of
from tests.unit.shared.eventstore.lamps import ROWS, TABLE, Lamp


@pytest.mark.parametrize("owner", owners())
def test_each_service_reads_what_it_ever_wrote(owner: str) -> None:
    if not (GOLDEN / owner).exists():
        pytest.skip(f"{owner} has stored nothing yet that must last: python -m tests.contract.corpus begins it")
    assert check_corpus(table_of(owner), GOLDEN / owner) == []


@pytest.mark.parametrize("owner", owners())
def test_each_field_of_each_event_says_what_it_holds_and_comes_back(owner: str) -> None:
    table = table_of(owner)
    mapper = Mapper(table)
    for row in table:
        event = sample_event(row)
        assert mapper.decode(mapper.encode(event), STREAM, 1) == event


@pytest.mark.parametrize("owner", owners())
def test_each_aggregate_can_be_snapshotted_and_names_its_subject(owner: str) -> None:
    for row in table_of(owner):
        if issubclass(row.event_class, Aggregate.Created):
            made: Aggregate | None = sample_event(row).mutate(None)
            assert made is not None
            assert thaw(type(made), freeze(made), made.id, made.version) == made
            assert isinstance(made.subject_id, UUID)


def test_a_new_word_is_added_once_and_then_holds(tmp_path: Path) -> None:
    table = StoredTable([ROWS[0], ROWS[2]])
    assert check_corpus(table, tmp_path) != []
    assert add_missing(table, tmp_path) == ["LampBought.v1.json", "ShopOpened.v1.json"]
    assert add_missing(table, tmp_path) == []
    assert check_corpus(table, tmp_path) == []


def test_a_sample_of_an_old_version_must_stay_readable(tmp_path: Path) -> None:
    add_missing(TABLE, tmp_path)
    assert check_corpus(TABLE, tmp_path) == [
        "LampTurned.v1.json: expected a sample; python -m tests.contract.corpus adds it"
    ]
    (tmp_path / "LampTurned.v1.json").write_text('{"on":true}')
    assert check_corpus(TABLE, tmp_path) == []
    (tmp_path / "LampTurned.v1.json").write_text('{"off":true}')
    [wrong] = check_corpus(TABLE, tmp_path)
    assert "cannot be read back" in wrong


def test_a_dropped_word_and_a_changed_class_are_found_out(tmp_path: Path) -> None:
    add_missing(StoredTable([ROWS[0]]), tmp_path)
    [dropped] = check_corpus(StoredTable([]), tmp_path)
    assert "no longer in the table" in dropped
    [changed] = check_corpus(StoredTable([Stored("LampBought", Lamp.Turned)]), tmp_path)
    assert "LampBought.v1.json: cannot be read back" in changed
    path = tmp_path / "LampBought.v1.json"
    path.write_bytes(path.read_bytes().replace(b".000001Z", b".000001+00:00"))
    [rewritten] = check_corpus(StoredTable([ROWS[0]]), tmp_path)
    assert "needs a new version and an upcast" in rewritten
