"""Who calls, as whom, and about whom: read once off the admitted call."""

from uuid import UUID

from services.messaging.domain.conversation import Author
from shared.access.windows import holding
from shared.errors import NotFound
from shared.rpc.call import Call


def located(call: Call) -> tuple[UUID, UUID]:
    """Practice and patient, which every policy but the lists' locates."""
    if call.practice_id is None or call.patient_id is None:
        raise NotFound
    return call.practice_id, call.patient_id


def account_of(call: Call) -> UUID:
    if call.actor.id is None:
        raise NotFound
    return call.actor.id


def staff_of(call: Call) -> UUID:
    if call.actor.staff_id is None:
        raise NotFound
    return call.actor.staff_id


async def patient_author(call: Call, scope: str) -> Author:
    """The person as whom the account acts, from the window that admitted it for ``scope``."""
    _, patient_id = located(call)
    acting_as = call.actor.acting_as
    if acting_as == "self":
        return Author("patient", account_of(call), patient_id, acting_as)
    for window in holding(await call.windows(), call.now):
        if window.patient_id == patient_id and window.acting_as == acting_as and scope in window.scopes:
            return Author("representative", account_of(call), window.person_id, acting_as)
    raise NotFound


def staff_author(call: Call) -> Author:
    return Author("staff", account_of(call), staff_of(call), provider_id=call.actor.provider_id)
