"""Stored words and their data: what goes in comes out, and what does not fit is named without its values."""

import warnings
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

import orjson
import pytest

from shared.aggregate import Aggregate
from shared.eventstore.mapper import Encoded, Mapper, UnfitEvent, UnknownWord
from shared.eventstore.stored import Stored, StoredTable
from shared.money import Money
from tests.unit.shared.eventstore.lamps import ROWS, TABLE, Colour, Lamp, LampId, Shade

LAMP, OWNER = LampId(UUID(int=1)), UUID(int=2)
AT = datetime(2026, 3, 8, 7, 0, 0, 123456, tzinfo=UTC)
SHADE = Shade(Colour.WARM, date(2024, 2, 29), (1, 2))


def lamp(**changed: Any) -> Lamp:
    fields: dict[str, Any] = {
        "lamp_id": LAMP, "owner_id": OWNER, "bought_at": AT, "price": Money(-5), "shade": SHADE, "fitting": "pin",
    }  # fmt: skip
    return Lamp(**fields | changed)


def pending(aggregate: Lamp) -> list[Aggregate.Event]:
    return cast("list[Aggregate.Event]", aggregate.pending_events)


def test_every_kind_of_field_comes_back_equal_and_without_a_python_path() -> None:
    mapper = Mapper(TABLE)
    bought = lamp()
    bought.turn("höher")
    for event in pending(bought):
        encoded = mapper.encode(event)
        assert mapper.decode(encoded, LAMP, event.originator_version) == event
        assert b"Lamp" not in encoded.data
        assert not set(orjson.loads(encoded.data)) & {"originator_id", "originator_topic", "timestamp"}


def test_decoded_events_fold_to_the_same_aggregate() -> None:
    mapper = Mapper(TABLE)
    bought = lamp(shade=None)
    bought.turn("a")
    folded: Lamp | None = None
    for event in pending(bought):
        decoded = mapper.decode(mapper.encode(event), LAMP, event.originator_version)
        folded = cast("Lamp | None", decoded.mutate(folded))
    bought.collect_events()
    assert folded == bought


def test_data_of_an_older_schema_version_are_lifted() -> None:
    turned = Mapper(TABLE).decode(Encoded("LampTurned", 1, b'{"on":true}'), LAMP, 2)
    assert isinstance(turned, Lamp.Turned)
    assert (turned.on, turned.note) == (True, "-")


@pytest.mark.parametrize(
    ("word", "version", "data", "named"),
    [
        ("LampTurned", 2, b'{"on":true,"note":"secret","more":"secret"}', "more"),
        ("LampTurned", 2, b'{"on":true}', "note"),
        ("LampTurned", 2, b'{"on":"secret","note":"x"}', "on"),
        ("LampTurned", 2, b'{"secret', "json_invalid"),
        ("LampTurned", 2, b'["secret"]', "dict_type"),
    ],
)
def test_what_does_not_fit_names_word_and_field_but_no_value(word: str, version: int, data: bytes, named: str) -> None:
    with pytest.raises(UnfitEvent) as caught:
        Mapper(TABLE).decode(Encoded(word, version, data), LAMP, 2)
    assert word in str(caught.value)
    assert named in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("word", "version"), [("LampEaten", 1), ("LampTurned", 3), ("LampTurned", 0)])
def test_a_word_or_schema_version_of_newer_code_is_an_error(word: str, version: int) -> None:
    with pytest.raises(UnknownWord, match=f"{word} in schema version {version}"):
        Mapper(TABLE).decode(Encoded(word, version, b"{}"), LAMP, 1)


def test_a_value_that_its_annotation_forbids_is_not_stored_and_not_told() -> None:
    with warnings.catch_warnings(record=True) as told, pytest.raises(UnfitEvent) as caught:
        Mapper(TABLE).encode(pending(lamp(price="secret"))[0])
    assert told == []
    assert "secret" not in str(caught.value)


def test_a_naive_datetime_is_not_stored() -> None:
    with pytest.raises(UnfitEvent, match="bought_at"):
        Mapper(TABLE).encode(pending(lamp(bought_at=AT.replace(tzinfo=None)))[0])


def test_an_event_class_without_a_row_is_not_stored() -> None:
    with pytest.raises(UnknownWord, match=r"Lamp\.Bought"):
        Mapper(StoredTable(ROWS[1:])).encode(pending(lamp())[0])


def test_a_table_refuses_double_words_double_classes_gaps_and_classes_outside_an_aggregate() -> None:
    with pytest.raises(ValueError, match="LampBought twice"):
        StoredTable([ROWS[0], Stored("LampBought", Lamp.Turned)])
    with pytest.raises(ValueError, match=r"Lamp\.Bought twice"):
        StoredTable([ROWS[0], Stored("LampSold", Lamp.Bought)])
    with pytest.raises(ValueError, match=r"\[1, 2\], found \[2\]"):
        Stored("LampTurned", Lamp.Turned, version=3, upcasts={2: dict})
    with pytest.raises(ValueError, match="nested"):
        StoredTable([Stored("Thing", Aggregate.Event)])
