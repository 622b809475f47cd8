"""How often Python looks for cycles of garbage in a service's process: seldom, for it has few and reads much."""

import gc

NEW_OBJECTS = 50_000
"""By default 700, so that reading a page of events looks through half of what lives: a third of a replay's time."""


def collect_seldom() -> None:
    """For this process: what is loaded by now is never looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
