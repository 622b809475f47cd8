"""Records that the caller is or represents: as staff nobody acts on these, or meets them in a queue (R43)."""

from uuid import UUID

from shared.access.replicas import records_of
from shared.errors import OWN_RECORD, NotAllowed
from shared.rpc.call import Call


async def own_patients(call: Call) -> list[UUID]:
    """All records of the patients whom the caller is or represents now (R44): what one reaches of them, one reaches
    as that."""
    reached = [window.patient_id for window in await call.windows()]
    if not reached:
        return []
    async with call.rows() as rows:
        return await records_of(rows, *reached)


async def check_not_own(call: Call, *patient_ids: UUID) -> None:
    """NotAllowed where one of the patients is the caller or represented by them."""
    if set(await own_patients(call)) & set(patient_ids):
        raise NotAllowed(OWN_RECORD)
