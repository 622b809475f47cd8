"""What ``portal`` commands ask of identity: opening practices, importing, moving the clock, erasing."""

import hashlib
from datetime import timedelta
from zoneinfo import ZoneInfo, available_timezones

from services.identity.commands.patients import ImportPatient, import_patient
from services.identity.commands.practices import OpenPractice, RegisterProvider, import_provider, open_practice
from services.identity.commands.seconding import ConfirmAdmin, ConfirmErasure, confirm_admin, confirm_erasure
from services.identity.domain.errors import ProposalGone
from services.identity.domain.values import (
    LANGUAGES,
    Contact,
    ErasureRequestId,
    Invitee,
    PatientId,
    PersonIdentity,
    PersonName,
    PostalAddress,
    PracticeDetails,
    PracticeId,
    PracticeRules,
    ProposalId,
)
from services.identity.messages import email_field, imported_npi_field, optional_text, phone_field
from services.identity.parts import Servicer
from services.identity.projections import seconding
from shared.contracts.identity.v1 import peers_pb2
from shared.errors import InvalidField
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_field, text_field, uuid_field

MOST_AT_ONCE = timedelta(days=365 * 100)


class OperatingPeers(Servicer):
    """For the principal ``operations`` only."""

    async def OpenPractice(self, request: peers_pb2.OpenPracticeRequest, call: Call) -> peers_pb2.OpenPracticeResponse:
        """The link is answered, not mailed; a repeat gives the same one."""
        command = OpenPractice(
            PracticeDetails(
                text_field(request.name, "name"),
                phone_field(request.support_phone, "support_phone"),
                email_field(request.support_email, "support_email"),
                optional_text(request.support_hours, "support_hours"),
            ),
            PracticeRules(time_zone_field(request.time_zone)),
            Invitee(
                PersonName(
                    text_field(request.admin_given, "admin_given"), text_field(request.admin_family, "admin_family")
                ),
                email_field(request.admin_email, "admin_email", required=True),
                by_mail=False,
            ),
        )
        opening = await call.perform(open_practice, command)
        return peers_pb2.OpenPracticeResponse(
            practice_id=str(opening.practice_id),
            staff_id=str(opening.staff_id),
            link=self.parts.links.url("staff-invitation", opening.staff_id),
            position=str(opening.position),
        )

    async def ImportPatient(
        self, request: peers_pb2.ImportPatientRequest, call: Call
    ) -> peers_pb2.ImportPatientResponse:
        command = ImportPatient(
            PracticeId(uuid_field(request.practice_id, "practice_id")),
            text_field(request.resource_id, "resource_id"),
            PersonIdentity(_name(request), date_field(request.birth_date, "birth_date")),
            Contact(
                email_field(request.email, "email"),
                phone_field(request.phone, "phone"),
                PostalAddress(
                    optional_text(request.street, "street"),
                    optional_text(request.city, "city", most=100),
                    optional_text(request.state, "state", most=100),
                    optional_text(request.postal_code, "postal_code", most=20),
                ),
                choice_field(request.language or "en", "language", LANGUAGES),
            ),
            request.deceased,
            hashlib.sha256(request.SerializeToString(deterministic=True)).hexdigest(),
        )
        imported = await call.perform(import_patient, command)
        return peers_pb2.ImportPatientResponse(
            patient_id=str(imported.id), outcome=imported.outcome, position=str(imported.position)
        )

    async def ImportProvider(
        self, request: peers_pb2.ImportProviderRequest, call: Call
    ) -> peers_pb2.ImportProviderResponse:
        command = RegisterProvider(
            PracticeId(uuid_field(request.practice_id, "practice_id")),
            imported_npi_field(request.npi, "npi"),
            _name(request),
            optional_text(request.credentials, "credentials", most=40),
        )
        imported = await call.perform(import_provider, command)
        return peers_pb2.ImportProviderResponse(
            provider_id=str(imported.id), outcome=imported.outcome, position=str(imported.position)
        )

    async def AdvanceClock(self, request: peers_pb2.AdvanceClockRequest, call: Call) -> peers_pb2.AdvanceClockResponse:
        by = request.by.ToTimedelta()
        if not timedelta(0) <= by <= MOST_AT_ONCE:
            raise InvalidField("by", "expected 0 to 100 years: the clock only goes forward")
        answer = peers_pb2.AdvanceClockResponse()
        answer.offset.FromTimedelta(await self.parts.clock_offset.advance(by))
        return answer

    async def GetClock(self, request: peers_pb2.GetClockRequest, call: Call) -> peers_pb2.GetClockResponse:
        answer = peers_pb2.GetClockResponse()
        answer.offset.FromTimedelta(await self.parts.clock_offset.present())
        for service, ahead in self.parts.clock_offset.reported.items():
            answer.reported[service].FromTimedelta(ahead)
        return answer

    async def ErasePatient(self, request: peers_pb2.ErasePatientRequest, call: Call) -> peers_pb2.ErasePatientResponse:
        """The second half of what an admin requested, where the practice has no other admin (R43)."""
        patient_id = PatientId(uuid_field(request.patient_id, "patient_id"))
        async with call.rows() as rows:
            found = await seconding.latest_request(rows, patient_id, call.now)
        if found is None or str(found["practice_id"]) != (request.practice_id or str(found["practice_id"])):
            raise ProposalGone
        command = ConfirmErasure(patient_id, ErasureRequestId(found["request_id"]), None)
        return peers_pb2.ErasePatientResponse(position=str(await call.perform(confirm_erasure, command)))

    async def ConfirmOnlyAdminsProposal(
        self, request: peers_pb2.ConfirmOnlyAdminsProposalRequest, call: Call
    ) -> peers_pb2.ConfirmOnlyAdminsProposalResponse:
        """The second half of what the only admin proposed (R43)."""
        command = ConfirmAdmin(
            PracticeId(uuid_field(request.practice_id, "practice_id")),
            ProposalId(uuid_field(request.proposal_id, "proposal_id")),
            None,
        )
        return peers_pb2.ConfirmOnlyAdminsProposalResponse(position=str(await call.perform(confirm_admin, command)))


def _name(request: peers_pb2.ImportPatientRequest | peers_pb2.ImportProviderRequest) -> PersonName:
    return PersonName(text_field(request.given, "given"), text_field(request.family, "family"))


def time_zone_field(text: str) -> str:
    """An IANA time zone that this machine knows."""
    if text not in available_timezones():
        raise InvalidField("time_zone", "expected an IANA time zone such as America/New_York")
    return ZoneInfo(text).key
