"""Who calls about whom, as the methods of the API need to know it."""

from uuid import UUID

from shared.errors import NotFound
from shared.rpc.call import Call


def caller(call: Call) -> UUID:
    """The account that calls; policies let nobody else through."""
    if call.actor.id is None:
        raise NotFound
    return call.actor.id


def located(call: Call) -> tuple[UUID, UUID]:
    """The patient and practice that the policy found."""
    if call.patient_id is None or call.practice_id is None:
        raise NotFound
    return call.patient_id, call.practice_id


def is_staff(call: Call) -> bool:
    return call.actor.kind == "staff"


def is_own(call: Call) -> bool:
    """Staff, or the patient: whoever may know of all who reach the record."""
    return is_staff(call) or call.actor.acting_as == "self"
