"""What of identity is throttled, and how much of it; how, says shared/throttle.py."""

from collections.abc import Callable
from datetime import datetime, timedelta

from shared import throttle
from shared.clock import machine_now
from shared.reading import Database
from shared.throttle import Bucket

DAY = timedelta(days=1)
ANSWERS_A_DAY = 10
"""R26: ten wrong answers an account and day."""
SOURCE_TRIES, SOURCE_WINDOW = 100, timedelta(minutes=15)
"""Wrong answers from one address, over all names; a whole practice may sit behind one."""
HOUR, MAILS_AN_HOUR = timedelta(hours=1), 5


def source(address: str) -> Bucket:
    return Bucket(f"source:{address}", SOURCE_TRIES, SOURCE_WINDOW)


def answers(whose: str) -> Bucket:
    return Bucket(f"answers:{whose}", ANSWERS_A_DAY, DAY)


def requests(address: str) -> Bucket:
    """Recoveries asked for from one address."""
    return Bucket(f"requests:{address}", SOURCE_TRIES, SOURCE_WINDOW)


def passkeys(address: str) -> Bucket:
    """Challenges given to one address before anybody has signed in."""
    return Bucket(f"passkeys:{address}", 3 * SOURCE_TRIES, SOURCE_WINDOW)


def mails(word: str) -> Bucket:
    """Recovery mails for one name as typed. As long as links hold: who is kept from a new one has live ones."""
    return Bucket(f"mails:{word}", MAILS_AN_HOUR, HOUR)


class Throttle(throttle.Throttle):
    """Identity's throttle, over its own table."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = machine_now) -> None:
        super().__init__(database, "credential_tries", clock)
