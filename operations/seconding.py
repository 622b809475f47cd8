"""The `portal` commands by which operations is the second person, for a practice that has no second admin (R43)."""

from contextlib import AsyncExitStack
from typing import Annotated
from uuid import UUID

import typer

from operations.keeping import HERE, Base, Folder, console, practice, run
from operations.place import Place
from operations.settings import BASE
from shared.contracts.identity.v1 import peers_pb2 as identity
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.ids import uuid7
from shared.rpc.metadata import calling

commands = typer.Typer()


@practice.command("confirm-admin")
def confirm_admin(
    practice_id: Annotated[UUID, typer.Argument(help="The practice.")],
    proposal_id: Annotated[UUID, typer.Argument(help="The proposal, as its only admin sees it.")],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Confirm an admin whom the only admin proposed; refused where another admin could."""

    async def act() -> None:
        async with AsyncExitStack() as open_:
            channels = Place.of(state, ports).channels()
            open_.push_async_callback(channels.close)
            request = identity.ConfirmOnlyAdminsProposalRequest(
                practice_id=str(practice_id), proposal_id=str(proposal_id)
            )
            with calling(idempotency_key=str(uuid7())):
                await IdentityPeersStub(channels.channel("identity")).ConfirmOnlyAdminsProposal(request)
        console.print("Confirmed.")

    run(act)


@commands.command()
def erase(
    patient_id: Annotated[UUID, typer.Argument(help="The patient whose erasure the practice's only admin requested.")],
    state: Folder = HERE,
    ports: Base = BASE,
) -> None:
    """Confirm an erasure: the patient's data are unreadable from then on. Then `portal republish analytics`."""

    async def act() -> None:
        async with AsyncExitStack() as open_:
            channels = Place.of(state, ports).channels()
            open_.push_async_callback(channels.close)
            with calling(idempotency_key=str(uuid7())):
                await IdentityPeersStub(channels.channel("identity")).ErasePatient(
                    identity.ErasePatientRequest(patient_id=str(patient_id))
                )
        console.print("Erased. Topics keep what they carried until they are made anew: portal republish analytics.")

    run(act)
