"""Who appears in billing's tests, by id."""

from datetime import date
from uuid import UUID

from shared.ids import natural_id

PRACTICE, OTHER_PRACTICE = UUID(int=0xA1), UUID(int=0xA2)
OTHER_PATIENT = UUID(int=0xB3)
BILLER, DESK, STRANGER, GUARANTOR = (UUID(int=number) for number in range(0xE1, 0xE5))
BORN = date(1980, 5, 17)
PRACTICE_NAME = "Elm Street Practice"


def staff_of(account: UUID) -> UUID:
    """The staff id of a member of staff's account."""
    return natural_id(account, "staff")
