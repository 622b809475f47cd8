"""Commands on an account's own change of address: asked for, and confirmed from the new one (R35)."""

from dataclasses import dataclass, replace

from services.identity.domain.account import Account
from services.identity.domain.address_request import LINK_LIFETIME, AddressRequest, Move
from services.identity.domain.errors import AddressMissing, AddressShared, LinkGone
from services.identity.domain.patient import Patient, Person
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import AccountId, AddressRequestId
from shared.envelope import Position
from shared.errors import Refused
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class AskAddressChange:
    """``is_refused``: a teen's, to an address that a representative of theirs uses (R42)."""

    account_id: AccountId
    move: Move
    is_refused: bool = False


async def ask_address_change(command: AskAddressChange, work: Work) -> Created:
    """Voids the request before; the former address counts until this one is confirmed, and is told of it."""

    async def decision(streams: Streams) -> None:
        if not command.move.former:
            raise AddressMissing
        if command.is_refused:
            raise AddressShared
        if command.move.email == command.move.former:
            raise Refused("expected another address than the present one")
        account = await streams.get(Account, command.account_id)
        request_id = AddressRequestId(work.new_id("address request"))
        practice_id = account.ask_address(request_id, work.now)
        until = work.now + LINK_LIFETIME
        streams.add(AddressRequest(request_id, command.account_id, practice_id, command.move, work.now, until))
        account.notice("address", work.now)

    position = await work.decide(decision, queue={command.account_id})
    return Created(work.new_id("address request"), position)


@dataclass(frozen=True, slots=True)
class ConfirmAddress:
    """The link was genuine. ``is_refused`` as when it was asked for."""

    request_id: AddressRequestId
    is_refused: bool = False


async def confirm_address(command: ConfirmAddress, work: Work) -> Position:
    """Moves every record and membership of the account that stands at the former address; LinkGone for none."""

    async def decision(streams: Streams) -> None:
        request = await streams.find(AddressRequest, command.request_id)
        account = await streams.find(Account, request.account_id) if request is not None else None
        if request is None or account is None or not account.is_open or command.is_refused:
            raise LinkGone
        request.confirm(account.address_request, work.now)
        if not await _move(streams, account, request.move, work):
            raise LinkGone
        account.notice("address", work.now)

    return await work.decide(decision, queue={command.request_id})


async def _move(streams: Streams, account: Account, move: Move, work: Work) -> bool:
    has_moved = False
    for record in account.records:
        holder = await streams.find(Patient if record.is_own else Person, record.person_id)
        if isinstance(holder, Patient | Person) and holder.contact.email == move.former:
            holder.record_contact(replace(holder.contact, email=move.email), None, work.now)
            has_moved = True
    for staff_id in account.staff.values():
        member = await streams.find(StaffMember, staff_id)
        if member is not None and member.invitee.email == move.former:
            member.move(move.email, work.now)
            has_moved = True
    return has_moved
