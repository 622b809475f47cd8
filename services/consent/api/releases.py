"""Authorizations for Release, and the accounting of disclosures that the patient reads (R21)."""

from uuid import UUID

from services.consent import messages
from services.consent.api.callers import caller, is_own, is_staff, located
from services.consent.commands.releases import (
    ExtendRelease,
    RecordDisclosure,
    RequestRelease,
    RevokeRelease,
    extend_release,
    record_disclosure,
    request_release,
    revoke_release,
)
from services.consent.domain.consent import Method
from services.consent.domain.release import ReleaseForm
from services.consent.projections import releases
from services.consent.projections.releases import ReleaseRow
from shared.contracts.consent.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import date_message, instant_message, text_field, uuid_field
from shared.rpc.owning import own_patients

MOST_WHAT = 1000


class Releases:
    """Requested, extended, disclosed upon, revoked, listed."""

    async def RequestRecordsRelease(
        self, request: api_pb2.RequestRecordsReleaseRequest, call: Call
    ) -> api_pb2.RequestRecordsReleaseResponse:
        """Staff record the signed paper with its scan; everybody else signs on screen."""
        patient_id, _ = located(call)
        method: Method = "paper" if is_staff(call) else "screen"
        if method == "screen" and request.scan_id:
            raise InvalidField("scan_id", "expected no scan of a form signed on screen")
        scan_id = uuid_field(request.scan_id, "scan_id") if method == "paper" else None
        form = ReleaseForm(
            what=text_field(request.what, "what", most=MOST_WHAT),
            from_whom=text_field(request.from_whom, "from_whom"),
            to_whom=text_field(request.to_whom, "to_whom"),
            purpose=text_field(request.purpose, "purpose"),
            expires_on=messages.day_of(request.expires_on, "expires_on"),
        )
        command = RequestRelease(patient_id, form, method, scan_id, caller(call))
        requested = await call.perform(request_release, command)
        return api_pb2.RequestRecordsReleaseResponse(release_id=str(requested.id), position=str(requested.position))

    async def ExtendRecordsRelease(
        self, request: api_pb2.ExtendRecordsReleaseRequest, call: Call
    ) -> api_pb2.ExtendRecordsReleaseResponse:
        command = ExtendRelease(*await release_of(request, call), messages.reason_of(request.reason), caller(call))
        return api_pb2.ExtendRecordsReleaseResponse(position=str(await call.perform(extend_release, command)))

    async def RecordDisclosure(
        self, request: api_pb2.RecordDisclosureRequest, call: Call
    ) -> api_pb2.RecordDisclosureResponse:
        what = text_field(request.what, "what", most=MOST_WHAT)
        command = RecordDisclosure(*await release_of(request, call), what, request.is_last, caller(call))
        return api_pb2.RecordDisclosureResponse(position=str(await call.perform(record_disclosure, command)))

    async def RevokeRecordsRelease(
        self, request: api_pb2.RevokeRecordsReleaseRequest, call: Call
    ) -> api_pb2.RevokeRecordsReleaseResponse:
        """The patient's, or the desk's on the patient's word; a representative takes nothing of the patient's back."""
        if not is_own(call):
            raise NotFound
        command = RevokeRelease(*await release_of(request, call), caller(call))
        return api_pb2.RevokeRecordsReleaseResponse(position=str(await call.perform(revoke_release, command)))

    async def ListRecordsReleases(
        self, request: api_pb2.ListRecordsReleasesRequest, call: Call
    ) -> api_pb2.ListRecordsReleasesResponse:
        patient_id, _ = located(call)
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await releases.of_patient(rows, patient_id, int(keyset) if keyset else None, size + 1)
        shown = found[:size]
        call.viewed(*(row.release_id for row in shown))
        return api_pb2.ListRecordsReleasesResponse(
            releases=[release_message(row, staff=is_staff(call)) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )

    async def ListOpenReleases(
        self, request: api_pb2.ListOpenReleasesRequest, call: Call
    ) -> api_pb2.ListOpenReleasesResponse:
        practice_id = uuid_field(request.practice_id, "practice_id")
        keyset, size = call.page(request.page_token, request.page_size)
        own = await own_patients(call)
        async with call.rows() as rows:
            found = await releases.open_at(rows, practice_id, own, int(keyset or 0), size + 1)
        shown = found[:size]
        for row in shown:
            call.viewed(row.release_id, patient_id=row.patient_id, practice_id=practice_id)
        return api_pb2.ListOpenReleasesResponse(
            releases=[release_message(row, staff=True) for row in shown],
            next_page_token=call.next_page(str(shown[-1].number)) if len(found) > size else "",
        )


async def release_of(
    request: api_pb2.ExtendRecordsReleaseRequest
    | api_pb2.RecordDisclosureRequest
    | api_pb2.RevokeRecordsReleaseRequest,
    call: Call,
) -> tuple[UUID, UUID]:
    """The record that holds the release, where it was joined to the named patient's (R44) else theirs; the release."""
    patient_id, _ = located(call)
    release_id = uuid_field(request.release_id, "release_id")
    async with call.rows() as rows:
        return await releases.record_of(rows, patient_id, release_id) or patient_id, release_id


def release_message(row: ReleaseRow, *, staff: bool) -> api_pb2.RecordsRelease:
    return api_pb2.RecordsRelease(
        release_id=str(row.release_id),
        patient_id=str(row.patient_id),
        what=row.what,
        from_whom=row.from_whom,
        to_whom=row.to_whom,
        purpose=row.purpose,
        expires_on=date_message(row.expires_on),
        method=row.method,
        scan_id=str(row.scan_id or "") if staff else "",
        requested_at=instant_message(row.requested_at),
        due_on=date_message(row.due_on),
        extended=row.extended,
        state=row.state,
        disclosures=[
            api_pb2.Disclosure(made_at=instant_message(one.made_at), what=one.what, to_whom=one.to_whom)
            for one in row.disclosures
        ],
    )
