"""Snapshots: what is frozen thaws to the same aggregate, and other code has another state version."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest

from shared.eventstore.snapshots import freeze, state_version, thaw
from shared.money import Money
from shared.tagged import Untaggable
from tests.unit.shared.eventstore.lamps import Basket, Colour, Lamp, LampId, Shade

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def lamp() -> Lamp:
    shade = Shade(Colour.COLD, AT.date(), (1, 2))
    made = Lamp(
        lamp_id=LampId(UUID(int=1)), owner_id=UUID(int=2), bought_at=AT, price=Money(5), shade=shade, fitting="pin"
    )
    made.turn("on")
    made.collect_events()
    return made


def test_what_was_frozen_thaws_to_an_equal_aggregate() -> None:
    made = lamp()
    thawed = thaw(Lamp, freeze(made), made.id, made.version)
    assert thawed == made
    thawed.turn("off")
    assert (thawed.version, made.version) == (3, 2)


def test_a_state_that_holds_what_is_not_a_value_of_its_package_is_not_frozen() -> None:
    made = lamp()
    vars(made)["basket"] = Basket()
    freeze(made)
    vars(made)["basket"] = object()
    with pytest.raises(Untaggable, match="object"):
        freeze(made)


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A domain package of two modules: the aggregate's, and one beside it."""
    folder = tmp_path / "snapshot_domain"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "values.py").write_text("SIZE = 1\n")
    (folder / "things.py").write_text("from shared.aggregate import Aggregate\nclass Thing(Aggregate): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("snapshot_domain.things")
    for name in [name for name in sys.modules if name.startswith("snapshot_domain")]:
        del sys.modules[name]


def test_a_change_anywhere_in_the_domain_package_is_another_state_version(domain: ModuleType) -> None:
    before = state_version(domain.Thing)
    state_version.cache_clear()
    assert state_version(domain.Thing) == before
    beside = Path(str(domain.__file__)).with_name("values.py")
    beside.write_text("SIZE = 2\n")
    state_version.cache_clear()
    assert state_version(domain.Thing) != before
    assert state_version(Lamp) != before
