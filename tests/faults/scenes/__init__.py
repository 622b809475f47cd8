"""Directed fire: short scenes in which exactly one thing happens at exactly one moment; each shows a planted bug."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.faults.recorder import Findings
from tests.faults.scenes import acting, appending, recovering, surviving, travelling
from tests.faults.scenes.stage import Stage


@dataclass(frozen=True, slots=True)
class Scene:
    """Which promise it tries, and how it goes."""

    promise: int
    play: Callable[[Stage], Awaitable[Findings]]


SCENES: Mapping[str, Scene] = {
    "a commit stands still": Scene(2, appending.a_commit_stands_still),
    "two decide at once": Scene(1, appending.two_decide_at_once),
    "killed between commit and answer": Scene(1, appending.killed_between_commit_and_answer),
    "killed before the commit": Scene(1, appending.killed_before_the_commit),
    "cut around the commit": Scene(1, appending.cut_around_the_commit),
    "relay killed at its mark": Scene(2, travelling.relay_killed_at_its_mark),
    "page by page": Scene(2, travelling.page_by_page),
    "out of order": Scene(2, travelling.out_of_order),
    "sent twice": Scene(2, travelling.sent_twice),
    "a zombie reads on": Scene(2, travelling.a_zombie_reads_on),
    "reader killed at its position": Scene(2, travelling.reader_killed_at_its_position),
    "reader killed at its commit": Scene(2, travelling.reader_killed_at_its_commit),
    "cut before the commit": Scene(4, acting.cut_before_the_commit),
    "worker killed before its mark": Scene(4, acting.worker_killed_before_its_mark),
    "worker killed after its mark": Scene(4, acting.worker_killed_after_its_mark),
    "two workers": Scene(4, acting.two_workers),
    "poisoned": Scene(6, surviving.poisoned),
    "old beside newer": Scene(7, surviving.old_beside_newer),
    "erased": Scene(10, surviving.erased),
    "PostgreSQL restarted": Scene(11, recovering.postgres_restarted),
    "connections cut": Scene(11, recovering.connections_cut),
    "clock jumps": Scene(11, recovering.clock_jumps),
}
