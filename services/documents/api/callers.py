"""Who calls, as the methods of the API need to know it."""

from uuid import UUID

from services.documents.domain.errors import ProviderNotTakingPart
from services.documents.projections import providers
from shared.errors import NotFound
from shared.rpc.call import Call


def is_staff(call: Call) -> bool:
    return call.actor.kind == "staff"


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
