"""Tagged JSON: values come back as the types they were, and nothing else is made of them."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from asyncpg.pgproto.pgproto import UUID as DriverUUID  # noqa: N811  # told apart from the standard one
from hypothesis import given
from hypothesis import strategies as st

from shared import tagged
from shared.tagged import Untaggable
from tests.unit.shared.eventstore.lamps import Basket, Colour, Shade

LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.uuids() | st.dates() | st.binary()
    | st.datetimes(timezones=st.just(UTC)) | st.times() | st.timedeltas() | st.decimals(allow_nan=False)
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner), max_leaves=8
)


@given(VALUES)
def test_any_nesting_of_plain_values_comes_back_equal(value: object) -> None:
    assert tagged.loads(tagged.dumps(value)) == value


def test_types_come_back_and_classes_by_their_given_names() -> None:
    values = {
        "at": datetime(2026, 1, 1, tzinfo=UTC), "on": date(2026, 1, 1), "time": time(9), "due": timedelta(days=2),
        "id": UUID(int=1), "sum": Decimal("1.10"), "all": {UUID(int=2): frozenset({1}), UUID(int=3): {"a"}},
        "shade": Shade(Colour.COLD, date(2024, 2, 29), (1,)), "\x00": "hostile",
    }  # fmt: skip
    names = {Shade: "shade", Colour: "colour"}
    assert tagged.loads(tagged.dumps(values, names), {name: kind for kind, name in names.items()}) == values


def test_the_ids_that_the_database_driver_gives_come_back_as_equal_plain_ones() -> None:
    given = DriverUUID("018f0000-0000-8000-8000-000000000001")
    [found] = tagged.loads(tagged.dumps([given]))
    assert found == given
    assert type(found) is UUID


def test_a_class_that_was_not_named_is_neither_written_nor_made() -> None:
    with pytest.raises(Untaggable, match="Basket"):
        tagged.dumps({"basket": Basket(["secret"])})
    with pytest.raises(KeyError):
        tagged.loads(tagged.dumps(Colour.COLD, {Colour: "colour"}))
