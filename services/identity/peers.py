"""What peers ask of identity: leases and facts read from the store, addresses and links, browsers' sessions."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from google.protobuf.duration_pb2 import Duration

from services.identity.credentials.sessions import Opened
from services.identity.domain.account import Account
from services.identity.domain.address_request import AddressRequest
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import LinkGone
from services.identity.domain.invitation import Invitation
from services.identity.domain.patient import Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.recovery import Recovery
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import PatientId, enrolments_id
from services.identity.operating import OperatingPeers
from services.identity.projections.changes import FACTS, STAFF
from services.identity.projections.names import names_of
from services.identity.sign_in import Attempt, FactorRequired, SignedIn
from shared.access.windows import StaffMembership
from shared.aggregate import Aggregate
from shared.clock import machine_now
from shared.contracts.identity.v1 import peers_pb2
from shared.envelope import Position, Recorded
from shared.errors import InvalidField, NotFound, Unauthenticated
from shared.eventstore.store import EventStore
from shared.rpc.call import Call
from shared.rpc.fields import date_message, instant_message, uuid_field

MOST_NAMES = 200


async def memberships_of(store: EventStore, account_id: UUID) -> Sequence[StaffMembership]:
    """The account's present memberships, from the store."""
    account = await store.find(Account, account_id)
    found = []
    for practice_id, staff_id in (account.staff if account is not None and account.is_open else {}).items():
        member = await store.find(StaffMember, staff_id)
        if member is not None and member.state == "active":
            found.append(StaffMembership(practice_id, staff_id, member.duty.roles, member.duty.provider_id))
    return found


class LeasePeers(OperatingPeers):
    """What must be decided now; the answers hold for 1 s."""

    async def SessionHead(self, request: peers_pb2.SessionHeadRequest, call: Call) -> peers_pb2.SessionHeadResponse:
        self.parts.clock_offset.note(call.actor.kind, request.clock_offset.ToTimedelta())
        changed = await self.parts.heads.beyond(STAFF, dict(request.applied))
        return peers_pb2.SessionHeadResponse(
            ended_session_ids=[str(one) for one in await self.parts.sessions.recently_ended()],
            changed_account_ids=[str(one) for one in changed or ()],
            ask_for_all=changed is None,
            clock_offset=await self._ahead(),
        )

    async def StaffOf(self, request: peers_pb2.StaffOfRequest, call: Call) -> peers_pb2.StaffOfResponse:
        return peers_pb2.StaffOfResponse(rows=await self._staff_rows(uuid_field(request.account_id, "account_id")))

    async def FactsHead(self, request: peers_pb2.FactsHeadRequest, call: Call) -> peers_pb2.FactsHeadResponse:
        changed = await self.parts.heads.beyond(FACTS, dict(request.applied))
        return peers_pb2.FactsHeadResponse(
            patient_ids=[str(one) for one in changed or ()],
            ask_for_all=changed is None,
            clock_offset=await self._ahead(),
        )

    async def FactsOf(self, request: peers_pb2.FactsOfRequest, call: Call) -> peers_pb2.FactsOfResponse:
        patient_id = PatientId(uuid_field(request.patient_id, "patient_id"))
        patient = await self.parts.store.find(Patient, patient_id)
        if patient is None:
            raise NotFound
        told = await self.parts.store.stream(patient_id)
        deaths = [recorded.event_id for recorded in told if isinstance(recorded.event, Patient.DeathRecorded)]
        superseded = [recorded.event_id for recorded in told if isinstance(recorded.event, Patient.Superseded)]
        return peers_pb2.FactsOfResponse(
            practice_id=str(patient.practice_id),
            birth_date=date_message(patient.birth_date),
            deceased=patient.is_deceased,
            death_event_id=deaths[-1] if patient.is_deceased else "",
            enrolments=await self._enrolment_facts(patient_id),
            superseded_event_id=superseded[-1] if patient.survivor_id is not None else "",
            survivor_id=str(patient.survivor_id or ""),
            joins=[
                peers_pb2.JoinFact(duplicate_id=str(recorded.event.duplicate_id), event_id=recorded.event_id)
                for recorded in told
                if isinstance(recorded.event, Patient.Joined)
            ],
        )

    async def _enrolment_facts(self, patient_id: PatientId) -> list[peers_pb2.EnrolmentFact]:
        joined: dict[UUID, peers_pb2.EnrolmentFact] = {}
        for recorded in await self.parts.store.stream(enrolments_id(patient_id)):
            event = recorded.event
            if isinstance(event, Enrolments.Joined):
                joined[event.relation.person_id] = peers_pb2.EnrolmentFact(
                    account_id=str(event.account_id),
                    person_id=str(event.relation.person_id),
                    event_id=recorded.event_id,
                )
            elif isinstance(event, Enrolments.Left):
                joined.pop(event.relation.person_id, None)
        return list(joined.values())

    async def _staff_rows(self, account_id: UUID) -> list[peers_pb2.StaffRow]:
        return [
            peers_pb2.StaffRow(
                practice_id=str(row.practice_id),
                staff_id=str(row.staff_id),
                roles=sorted(row.roles),
                provider_id=str(row.provider_id or ""),
            )
            for row in await memberships_of(self.parts.store, account_id)
        ]

    async def _ahead(self) -> Duration:
        ahead = Duration()
        ahead.FromTimedelta(await self.parts.clock_offset.present())
        return ahead


class ContactPeers(LeasePeers):
    """What must not be copied: asked for one mail, recorded, never kept."""

    async def ContactOf(self, request: peers_pb2.ContactOfRequest, call: Call) -> peers_pb2.ContactOfResponse:
        if request.account_id:
            return await self._contact_of_account(request, call)
        patient_id = uuid_field(request.patient_id, "patient_id")
        person_id = uuid_field(request.person_id, "person_id")
        patient = await self.parts.store.find(Patient, patient_id)
        person = patient if person_id == patient_id else await self._person(patient_id, person_id)
        if patient is None or person is None:
            raise NotFound
        holder = await self.parts.book.holder("patient" if person is patient else "person", person.id)
        if holder is None or await self.parts.book.is_silent(holder, call.now):
            raise NotFound  # R42: nothing of a teen's at an address that a representative of theirs uses.
        if request.own_address and not await self.parts.book.is_own(holder):
            raise NotFound
        practice = await self._practice(patient.practice_id)
        await self._note_fetch(call, "contact", person_id, request.cause)
        return peers_pb2.ContactOfResponse(
            email=person.contact.email,
            practice_name=practice.details.name,
            support_phone=practice.details.support_phone,
            language=person.contact.language,
        )

    async def LinkOf(self, request: peers_pb2.LinkOfRequest, call: Call) -> peers_pb2.LinkOfResponse:
        """NotFound unless that event issued that link and it is still open."""
        issue_id = uuid_field(request.issue_id, "issue_id")
        event = (await self._cause(request.cause)).event
        if request.purpose == "invitation" and isinstance(event, Invitation.Issued):
            answer = await self._invitation_link(issue_id, call) if event.invitation_id == issue_id else None
        elif request.purpose == "recovery" and isinstance(event, Recovery.Begun):
            answer = await self._recovery_links(event, call) if event.recovery_id == issue_id else None
        elif request.purpose == "address-confirmation" and isinstance(event, AddressRequest.Asked):
            answer = await self._address_link(event, call) if event.request_id == issue_id else None
        elif request.purpose == "staff-invitation" and isinstance(event, StaffMember.Invited):
            answer = await self._staff_link(issue_id, call) if event.staff_id == issue_id else None
        else:
            answer = None
        if answer is None:
            raise NotFound
        await self._note_fetch(call, request.purpose, issue_id, request.cause)
        return answer

    async def NamesOf(self, request: peers_pb2.NamesOfRequest, call: Call) -> peers_pb2.NamesOfResponse:
        if len(request.ids) > MOST_NAMES:
            raise InvalidField("ids", f"expected at most {MOST_NAMES}")
        async with call.rows() as rows:
            found = await names_of(rows, [uuid_field(text, "ids") for text in request.ids])
        return peers_pb2.NamesOfResponse(names={str(one): name for one, name in found.items()})

    async def _invitation_link(self, invitation_id: UUID, call: Call) -> peers_pb2.LinkOfResponse | None:
        invitation = await self.parts.store.find(Invitation, invitation_id)
        if invitation is None or invitation.state != "open" or call.now >= invitation.expires_at:
            return None
        relation = invitation.relation
        person = await (
            self.parts.store.find(Patient, relation.patient_id)
            if relation.is_own
            else self._person(relation.patient_id, relation.person_id)
        )
        if person is None or person.contact_number != invitation.contact_number:
            return None
        holder = await self.parts.book.of_person(relation.patient_id, relation.person_id)
        if holder is None or await self.parts.book.is_silent(holder, call.now):
            return None  # R42
        practice = await self._practice(relation.practice_id)
        return peers_pb2.LinkOfResponse(
            url=self.parts.links.url("invitation", invitation_id),
            email=person.contact.email,
            practice_name=practice.details.name,
            support_phone=practice.details.support_phone,
            expires_at=instant_message(invitation.expires_at),
            language=person.contact.language,
        )

    async def _contact_of_account(self, request: peers_pb2.ContactOfRequest, call: Call) -> peers_pb2.ContactOfResponse:
        """NotFound where the account is closed, or where nothing may go to its address (R42)."""
        account = await self.parts.store.find(Account, uuid_field(request.account_id, "account_id"))
        holder = await self.parts.book.of_account(account) if account is not None and account.is_open else None
        if holder is None or account is None:
            raise NotFound
        if request.former_of:
            holder = replace(holder, email=await self._former_address(account, request.former_of))
        if await self.parts.book.is_silent(holder, call.now):
            raise NotFound
        practice = await self._practice(holder.reached.practice_id)
        await self._note_fetch(call, "contact", account.id, request.cause)
        return peers_pb2.ContactOfResponse(
            email=holder.email,
            practice_name=practice.details.name,
            support_phone=practice.details.support_phone,
            language=holder.language,
        )

    async def _former_address(self, account: Account, text: str) -> str:
        found = await self.parts.store.find(AddressRequest, uuid_field(text, "former_of"))
        if found is None or found.account_id != account.id or found.is_open:
            raise NotFound
        return found.move.former

    async def _recovery_links(self, begun: Recovery.Begun, call: Call) -> peers_pb2.LinkOfResponse | None:
        """The links of one mail that are still open, to the address as it was when they were made."""
        reached = begun.beginning.reached
        holder = await self.parts.book.holder(reached.kind, reached.holder_id)
        if holder is None or holder.reached.contact_number != reached.contact_number:
            return None
        links = [link for link in [await self._open_recovery(one, call) for one in begun.beginning.in_mail] if link]
        if not links:
            return None
        practice = await self._practice(reached.practice_id)
        return peers_pb2.LinkOfResponse(
            url=links[0].url,
            email=holder.email,
            practice_name=practice.details.name,
            support_phone=practice.details.support_phone,
            expires_at=instant_message(begun.expires_at),
            language=holder.language,
            further=links[1:],
        )

    async def _open_recovery(self, recovery_id: UUID, call: Call) -> peers_pb2.FurtherLink | None:
        recovery = await self.parts.store.find(Recovery, recovery_id)
        account = await self.parts.store.find(Account, recovery.account_id) if recovery is not None else None
        if recovery is None or account is None or not account.is_open:
            return None
        try:
            recovery.require_open(account.password_number, call.now)
        except LinkGone:
            return None
        practice = await self._practice(recovery.beginning.reached.practice_id)
        url = self.parts.links.url("recovery", recovery_id)
        return peers_pb2.FurtherLink(url=url, practice_name=practice.details.name)

    async def _address_link(self, asked: AddressRequest.Asked, call: Call) -> peers_pb2.LinkOfResponse | None:
        """To the new address, while the request is the account's last one (R35)."""
        account = await self.parts.store.find(Account, asked.account_id)
        found = await self.parts.store.find(AddressRequest, asked.request_id)
        holder = await self.parts.book.of_account(account) if account is not None and account.is_open else None
        if account is None or found is None or holder is None:
            return None
        try:
            found.require_open(account.address_request, call.now)
        except LinkGone:
            return None
        practice = await self._practice(asked.practice_id)
        return peers_pb2.LinkOfResponse(
            url=self.parts.links.url("address-confirmation", asked.request_id),
            email=asked.move.email,
            practice_name=practice.details.name,
            support_phone=practice.details.support_phone,
            expires_at=instant_message(asked.expires_at),
            language=holder.language,
        )

    async def _staff_link(self, staff_id: UUID, call: Call) -> peers_pb2.LinkOfResponse | None:
        member = await self.parts.store.find(StaffMember, staff_id)
        if member is None or member.state != "invited" or call.now >= member.expires_at:
            return None
        practice = await self._practice(member.practice_id)
        return peers_pb2.LinkOfResponse(
            url=self.parts.links.url("staff-invitation", staff_id),
            email=member.invitee.email,
            practice_name=practice.details.name,
            support_phone=practice.details.support_phone,
            expires_at=instant_message(member.expires_at),
            language="en",
        )

    async def _cause(self, text: str) -> Recorded[Aggregate.Event]:
        """The own event that a peer names as its cause."""
        try:
            cause = Position.parse(text)
        except ValueError:
            raise InvalidField("cause", "expected <service>:<number>") from None
        if cause.service == self.parts.store.service and cause.number > 0:
            async for page in self.parts.store.read(cause.number - 1, until=cause.number):
                return page[0]
        raise NotFound

    async def _person(self, patient_id: UUID, person_id: UUID) -> Person | None:
        person = await self.parts.store.find(Person, person_id)
        return person if person is not None and person.patient_id == patient_id else None

    async def _practice(self, practice_id: UUID) -> Practice:
        practice = await self.parts.store.find(Practice, practice_id)
        if practice is None:
            raise NotFound
        return practice

    async def _note_fetch(self, call: Call, what: str, object_id: UUID, cause: str) -> None:
        await self.parts.database.execute(
            "INSERT INTO credential_fetches (fetched_at, caller, what, object_id, cause) VALUES ($1, $2, $3, $4, $5)",
            machine_now(), call.actor.kind, what, object_id, cause[:64],
        )  # fmt: skip


class IdentityPeers(ContactPeers):
    """The servicer of ``portal.identity.v1.IdentityPeers``; here the sessions of browsers, for web only."""

    async def OpenSession(self, request: peers_pb2.OpenSessionRequest, call: Call) -> peers_pb2.OpenSessionResponse:
        attempt = Attempt(request.user_name, request.password, request.code, request.device, request.client_address)
        try:
            signed_in = await self.parts.sign_in.check(attempt)
        except FactorRequired:
            return peers_pb2.OpenSessionResponse(factor_required=True)
        opened = await self._opened(signed_in, request.previous_cookie, request.user_agent)
        return peers_pb2.OpenSessionResponse(
            cookie=opened.secret,
            account_id=str(signed_in.account_id),
            device=signed_in.device,
            session_id=str(opened.session.session_id),
        )

    async def OpenSessionWithPasskey(
        self, request: peers_pb2.OpenSessionWithPasskeyRequest, call: Call
    ) -> peers_pb2.OpenSessionWithPasskeyResponse:
        signed_in = await self.parts.sign_in.check_passkey(request.credential, request.client_address)
        opened = await self._opened(signed_in, request.previous_cookie, request.user_agent)
        return peers_pb2.OpenSessionWithPasskeyResponse(
            cookie=opened.secret,
            account_id=str(signed_in.account_id),
            device=signed_in.device,
            session_id=str(opened.session.session_id),
        )

    async def _opened(self, signed_in: SignedIn, previous_cookie: str, user_agent: str) -> Opened:
        """The browser's former session ends."""
        if previous_cookie:
            await self.parts.sessions.end_by_cookie(previous_cookie)
        return await self.parts.sessions.open_for_browser(
            signed_in.account_id, is_staff=signed_in.is_staff, client=user_agent
        )

    async def ExchangeSession(
        self, request: peers_pb2.ExchangeSessionRequest, call: Call
    ) -> peers_pb2.ExchangeSessionResponse:
        session = await self.parts.sessions.by_cookie(request.cookie)
        account = await self.parts.store.find(Account, session.account_id)
        if account is None or not account.is_open:
            await self.parts.sessions.end([session.session_id])
            raise Unauthenticated
        token = self.parts.signer.sign(session, machine_now())
        return peers_pb2.ExchangeSessionResponse(
            access_token=token.text,
            expires_at=instant_message(token.expires_at),
            account_id=str(session.account_id),
            staff=await self._staff_rows(session.account_id),
            session_id=str(session.session_id),
        )

    async def EndSession(self, request: peers_pb2.EndSessionRequest, call: Call) -> peers_pb2.EndSessionResponse:
        await self.parts.sessions.end_by_cookie(request.cookie)
        return peers_pb2.EndSessionResponse()

    async def StepUpSession(
        self, request: peers_pb2.StepUpSessionRequest, call: Call
    ) -> peers_pb2.StepUpSessionResponse:
        """The former cookie no longer counts."""
        session = await self.parts.sessions.by_cookie(request.cookie)
        await self.parts.sign_in.prove(session.account_id, request.password, request.code)
        await self.parts.sessions.prove(session.session_id)
        return peers_pb2.StepUpSessionResponse(cookie=await self.parts.sessions.rotate_cookie(session.session_id))
