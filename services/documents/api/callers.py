"""Who calls, as the methods of the API need to know it."""

from uuid import UUID

from services.documents.domain.errors import ProviderNotTakingPart
from services.documents.projections import providers
from shared.errors import NotAllowed, NotFound
from shared.rpc.call import Call


def is_staff(call: Call) -> bool:
    return call.actor.kind == "staff"


async def own_patients(call: Call) -> list[UUID]:
    """The patients whom the caller is or represents: nobody acts as staff on these, or meets them in a queue (R43)."""
    return [window.patient_id for window in await call.windows()]


async def check_not_own(call: Call, *patient_ids: UUID) -> None:
    """NotAllowed where one of the patients is the caller or represented by them (R43)."""
    if set(await own_patients(call)) & set(patient_ids):
        raise NotAllowed("expected another member of staff: nobody acts on a record they own or represent")


def practice_of(call: Call) -> UUID:
    """The practice that the policy found."""
    if call.practice_id is None:
        raise NotFound
    return call.practice_id


def located(call: Call) -> tuple[UUID, UUID]:
    """Practice and patient that the policy found; to be used where the RPC concerns both."""
    if call.patient_id is None:
        raise NotFound
    return practice_of(call), call.patient_id


def account_of(call: Call) -> UUID:
    """The account that calls."""
    if call.actor.id is None:
        raise NotFound
    return call.actor.id


async def approving_provider(call: Call) -> UUID:
    """The caller as a provider who takes part at the located practice; ProviderNotTakingPart otherwise (R14)."""
    if call.actor.provider_id is None:
        raise ProviderNotTakingPart
    async with call.rows() as rows:
        if not await providers.takes_part(rows, practice_of(call), call.actor.provider_id):
            raise ProviderNotTakingPart
    return call.actor.provider_id
