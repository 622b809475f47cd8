"""What a watcher of an inbox is told: each item once, and again when it changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.messaging.projections.inbox import InboxItem, Watched

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def item(number: int, kind: str = "result", state: str = "released") -> InboxItem:
    return InboxItem(UUID(int=number), kind, UUID(int=number), AT, state, False, None, None)


def test_what_was_there_at_the_beginning_is_not_told() -> None:
    watched = Watched.beginning([item(2), item(1)])
    assert watched.changed([item(2), item(1)]) == []


def test_new_items_are_told_once_the_oldest_first() -> None:
    watched = Watched.beginning([item(1)])
    assert watched.changed([item(3), item(2), item(1)]) == [item(2), item(3)]
    assert watched.changed([item(3), item(2), item(1)]) == []


def test_an_item_is_told_again_when_its_state_or_time_is_another_one_and_not_when_it_was_read() -> None:
    watched = Watched.beginning([item(1), item(2)])
    retracted, moved = replace(item(1), state="retracted"), replace(item(2), at=AT + timedelta(seconds=1))
    assert watched.changed([moved, retracted]) == [retracted, moved]
    assert watched.changed([replace(moved, unread=True), retracted]) == []


def test_what_the_watcher_may_not_see_any_more_is_not_told() -> None:
    watched = Watched.beginning([item(2), item(1)])
    assert watched.changed([item(2)]) == []
