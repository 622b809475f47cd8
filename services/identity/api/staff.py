"""Staff: inviting, joining by link, roles, leaving."""

from uuid import UUID

from services.identity.api.seconding import staff_of
from services.identity.commands.accounts import AcceptStaffInvitation, Joining, NewAccount
from services.identity.commands.staff import (
    ChangeStaffRoles,
    EndStaff,
    InviteStaff,
    change_staff_roles,
    end_staff,
    invite_staff,
)
from services.identity.credentials import throttle, user_names
from services.identity.credentials.links import Purpose
from services.identity.credentials.passwords import refuse_weak
from services.identity.domain.errors import ActingOnOneself, LinkGone
from services.identity.domain.practice import Practice
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import Invitee, PracticeId, StaffId
from services.identity.messages import duty_field, email_field, link_id, name_field, name_message
from services.identity.parts import Servicer
from services.identity.projections import staff
from services.identity.sign_in import user_name_id
from shared.contracts.identity.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field

FIRST = UUID(int=0)
LINK: Purpose = "staff-invitation"


class StaffApi(Servicer):
    async def ListStaff(self, request: api_pb2.ListStaffRequest, call: Call) -> api_pb2.ListStaffResponse:
        after, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await staff.page(rows, _practice(request.practice_id), UUID(after) if after else FIRST, size + 1)
        shown = found[:size]
        return api_pb2.ListStaffResponse(
            staff=[
                api_pb2.StaffMember(
                    staff_id=str(row["staff_id"]),
                    name=api_pb2.PersonName(given=row["given"], family=row["family"]),
                    email=row["email"],
                    roles=row["roles"],
                    state=row["state"],
                    provider_id=str(row["provider_id"] or ""),
                    invited_until=instant_message(row["expires_at"]) if row["state"] == "invited" else None,
                )
                for row in shown
            ],
            next_page_token=call.next_page(str(shown[-1]["staff_id"])) if len(found) > size else "",
        )

    async def InviteStaff(self, request: api_pb2.InviteStaffRequest, call: Call) -> api_pb2.InviteStaffResponse:
        invitee = Invitee(name_field(request.name, "name"), email_field(request.email, "email", required=True))
        duty = duty_field(request.roles, request.provider_id)
        command = InviteStaff(_practice(request.practice_id), invitee, duty, staff_of(call))
        decided = await call.perform(invite_staff, command)
        return api_pb2.InviteStaffResponse(
            staff_id=str(decided.staff_id or ""),
            position=str(decided.position),
            proposal_id=str(decided.proposal_id or ""),
        )

    async def ChangeStaffRoles(
        self, request: api_pb2.ChangeStaffRolesRequest, call: Call
    ) -> api_pb2.ChangeStaffRolesResponse:
        staff_id = _staff(request.staff_id)
        if staff_id == call.actor.staff_id:
            raise ActingOnOneself
        duty = duty_field(request.roles, request.provider_id)
        command = ChangeStaffRoles(_practice(request.practice_id), staff_id, duty, staff_of(call))
        decided = await call.perform(change_staff_roles, command)
        return api_pb2.ChangeStaffRolesResponse(
            position=str(decided.position), proposal_id=str(decided.proposal_id or "")
        )

    async def EndStaff(self, request: api_pb2.EndStaffRequest, call: Call) -> api_pb2.EndStaffResponse:
        command = EndStaff(_practice(request.practice_id), _staff(request.staff_id))
        return api_pb2.EndStaffResponse(position=str(await call.perform(end_staff, command)))

    async def GetStaffInvitation(
        self, request: api_pb2.GetStaffInvitationRequest, call: Call
    ) -> api_pb2.GetStaffInvitationResponse:
        member = await self._open_invitation(request.staff_id, request.secret, call)
        practice = await self.parts.store.find(Practice, member.practice_id)
        if practice is None:
            raise NotFound
        return api_pb2.GetStaffInvitationResponse(
            practice_name=practice.details.name,
            name=name_message(member.invitee.name),
            expires_at=instant_message(member.expires_at),
            practice_id=str(member.practice_id),
        )

    async def BeginAcceptance(
        self, request: api_pb2.BeginAcceptanceRequest, call: Call
    ) -> api_pb2.BeginAcceptanceResponse:
        member = await self._open_invitation(request.staff_id, request.secret, call)
        found = self.parts.vault.derived_authenticator(LINK, member.id)
        return api_pb2.BeginAcceptanceResponse(totp_secret=found.seed, otpauth_uri=found.uri(member.invitee.email))

    async def AcceptStaffInvitation(
        self, request: api_pb2.AcceptStaffInvitationRequest, call: Call
    ) -> api_pb2.AcceptStaffInvitationResponse:
        staff_id = StaffId(link_id(request.staff_id))
        self.parts.links.require_genuine(LINK, staff_id, request.secret)
        user_name = user_names.checked(request.user_name)
        refuse_weak(request.password, user_name)
        tries = throttle.answers(f"staff:{staff_id}")
        await self.parts.throttle.count(tries)
        authenticator = self.parts.vault.derived_authenticator(LINK, staff_id)
        account = NewAccount(
            user_name,
            user_name_id(self.parts.store, user_name),
            await self.parts.passwords.hash(request.password),
        )
        command = AcceptStaffInvitation(staff_id, account, authenticator, request.code)
        joined = await call.perform(Joining(self.parts.vault).accept_staff_invitation, command)
        await self.parts.throttle.take_back([tries])
        return api_pb2.AcceptStaffInvitationResponse(
            account_id=str(joined.account_id),
            recovery_codes=self.parts.vault.recovery_codes(joined.account_id, authenticator.issue),
            position=str(joined.position),
        )

    async def _open_invitation(self, staff_id: str, secret: str, call: Call) -> StaffMember:
        identifier = link_id(staff_id)
        self.parts.links.require_genuine(LINK, identifier, secret)
        member = await self.parts.store.find(StaffMember, identifier)
        if member is None:
            raise LinkGone
        member.require_open(call.now)
        return member


def _practice(text: str) -> PracticeId:
    return PracticeId(uuid_field(text, "practice_id"))


def _staff(text: str) -> StaffId:
    return StaffId(uuid_field(text, "staff_id"))
