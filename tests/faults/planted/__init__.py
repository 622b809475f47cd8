"""Bugs that are planted one by one, each a small change of the machinery, to see that the checkers catch it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.faults.places import Place
from tests.faults.planted import acting, appending, travelling


@dataclass(frozen=True, slots=True)
class Bug:
    """How it is planted in a process, and the scene that must show it."""

    plant: Callable[[Place], None]
    scene: str


BUGS: Mapping[str, Bug] = {
    "reader without the lock": Bug(appending.appended_without_the_lock, "a commit stands still"),
    "version check left out": Bug(appending.version_check_left_out, "two decide at once"),
    "command id forgotten": Bug(appending.command_id_forgotten, "killed between commit and answer"),
    "acknowledged before the commit": Bug(appending.acknowledged_before_the_commit, "killed before the commit"),
    "unknown told as done": Bug(appending.unknown_told_as_done, "cut around the commit"),
    "progress before the confirmation": Bug(travelling.progress_before_the_confirmation, "relay killed at its mark"),
    "a page is not sent": Bug(travelling.relay_sends_from_the_middle, "page by page"),
    "chain not followed": Bug(travelling.chain_not_followed, "out of order"),
    "no inbox check": Bug(travelling.inbox_not_looked_at, "sent twice"),
    "position not compared": Bug(travelling.position_not_compared, "a zombie reads on"),
    "position before the rows": Bug(travelling.position_before_the_rows, "reader killed at its commit"),
    "auto-commit": Bug(travelling.rows_committed_one_by_one, "reader killed at its position"),
    "effect sent inside the transaction": Bug(acting.effect_sent_inside_the_transaction, "cut before the commit"),
    "marked before the act": Bug(acting.marked_before_the_act, "worker killed after its mark"),
    "another id each attempt": Bug(acting.another_id_each_attempt, "worker killed before its mark"),
    "claim not honoured": Bug(acting.claim_not_honoured, "two workers"),
}


def plant(name: str, place: Place) -> None:
    """Changes this process; '' leaves it as it is."""
    if name:
        BUGS[name].plant(place)
