"""Telling of a failure that goes on: one line when it begins, one a new kind of error, one when it is over."""

import logging


class Trouble:
    """One thing that may fail again and again, a connection, say. ``what`` names it: ``relay of consent``."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log, self._what = log, what
        self._kinds: set[str] = set()

    def goes_on(self, error: str) -> None:
        """It fails; ``error`` is the kind of error, without values."""
        if error not in self._kinds:
            self._kinds.add(error)
            self._log.warning("%s: %s", self._what, error)

    def ends(self) -> None:
        """It works, again or still."""
        if self._kinds:
            self._kinds.clear()
            self._log.warning("%s: works again", self._what)
