"""A record transmitted by a mailed link: sent, listed and taken back by patients; opened with link and code (R39)."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from google.api.httpbody_pb2 import HttpBody

from services.documents import messages
from services.documents.api.callers import account_of, located
from services.documents.api.exporting import EXPORTABLE, FORMATS, contents, days_of
from services.documents.commands import transmissions as commands
from services.documents.domain.errors import LinkOrCodeWrong
from services.documents.domain.transmission import CODES, Transmission, Transmitted, Transmitter
from services.documents.exports.extract import Extract, Span, extract
from services.documents.exports.fhir import bundle
from services.documents.exports.record_pdf import WORDS, record_pdf
from services.documents.projections import transmissions
from services.documents.projections.transmissions import TransmissionRow
from services.documents.shares import Shares
from shared.access import replicas
from shared.access.replicas import records_of
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.names import Names
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_message, instant_message, text_field, uuid_field
from shared.throttle import Bucket, Throttle
from shared.uploads.blobs import Blobs

TRANSMISSIONS_A_DAY, DAY = 20, timedelta(days=1)
"""One account's: each is a mail to whom it names."""
ADDRESS = re.compile(r"[^@\s<>,;:\"()\\]{1,64}@[^@\s<>,;:\"()\\]+\.[^@\s<>,;:\"()\\]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Opened:
    """What link and code have opened, as it stands now."""

    transmission: Transmission
    found: Extract


class Transmissions:
    """Both ends of the link."""

    def __init__(self, names: Names, blobs: Blobs, shares: Shares, throttle: Throttle) -> None:
        self._shared_names, self._shared_blobs, self._shares = names, blobs, shares
        self._transmitting = throttle

    async def TransmitRecord(
        self, request: api_pb2.TransmitRecordRequest, call: Call
    ) -> api_pb2.TransmitRecordResponse:
        practice_id, patient_id = located(call)
        first, last = days_of(request.since, request.until)
        language = choice_field(request.language or "en", "language", frozenset(WORDS))
        address = text_field(request.email, "email", most=254)
        if ADDRESS.fullmatch(address) is None:
            raise InvalidField("email", "expected one e-mail address")
        scopes = call.actor.scopes & EXPORTABLE
        if not scopes:
            raise NotFound
        await self._transmitting.count(Bucket(f"transmissions:{account_of(call)}", TRANSMISSIONS_A_DAY, DAY))
        command = commands.TransmitRecord(
            practice_id,
            patient_id,
            Transmitter(account_of(call), call.actor.acting_as),
            Transmitted(first, last, tuple(sorted(scopes)), address, language),
        )
        sent = await call.perform(commands.transmit_record, command)
        call.viewed(sent.id)
        return api_pb2.TransmitRecordResponse(
            transmission_id=str(sent.id), code=self._shares.code(sent.id), position=str(sent.position)
        )

    async def ListTransmissions(
        self, request: api_pb2.ListTransmissionsRequest, call: Call
    ) -> api_pb2.ListTransmissionsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        account_id, is_patient = account_of(call), call.actor.acting_as == "self"
        async with call.rows() as rows:
            found = await transmissions.page(
                rows,
                located(call)[1],
                None if is_patient else account_id,
                messages.instant_and_id(keyset),
                size + 1,
            )
        answer = api_pb2.ListTransmissionsResponse(
            transmissions=[self._told(row, account_id, call.now) for row in found[:size]]
        )
        if len(found) > size:
            answer.next_page_token = call.next_page(
                messages.keyset(found[size - 1].sent_at, found[size - 1].transmission_id)
            )
        return answer

    async def RevokeTransmission(
        self, request: api_pb2.RevokeTransmissionRequest, call: Call
    ) -> api_pb2.RevokeTransmissionResponse:
        async with call.rows() as rows:
            records = await records_of(rows, located(call)[1])
        command = commands.RevokeTransmission(
            records=records,
            transmission_id=uuid_field(request.transmission_id, "transmission_id"),
            account_id=account_of(call),
            is_patient=call.actor.acting_as == "self",
        )
        position = await call.perform(commands.revoke_transmission, command)
        return api_pb2.RevokeTransmissionResponse(position=str(position))

    async def OpenTransmission(
        self, request: api_pb2.OpenTransmissionRequest, call: Call
    ) -> api_pb2.OpenTransmissionResponse:
        opened = await self._opened(request, call)
        found, transmission = opened.found, opened.transmission
        names = await self._shared_names.of(found.practice_id, found.patient_id)
        _record(opened, call)
        return api_pb2.OpenTransmissionResponse(
            practice_name=names.get(found.practice_id, ""),
            patient_name=names.get(found.patient_id, ""),
            since=date_message(found.span.first),
            until=date_message(found.span.last),
            expires_at=instant_message(transmission.expires_at),
            results=[messages.whole(messages.Whole(row, {}), staff=False) for row in found.results],
            entries=[messages.entry(row, staff=False) for row in found.entries],
            documents=[messages.document(row, staff=False) for row in found.documents],
            time_zone=found.span.zone.key,
        )

    async def DownloadTransmission(self, request: api_pb2.DownloadTransmissionRequest, call: Call) -> HttpBody:
        form = choice_field(request.format, "format", FORMATS | {"file"})
        language = choice_field(request.language or "en", "language", frozenset(WORDS))
        wanted = uuid_field(request.document_id, "document_id") if form == "file" else None
        opened = await self._opened(request, call)
        found = opened.found
        if wanted is not None:
            row = next((one for one in found.documents if one.document_id == wanted), None)
            if row is None:
                raise LinkOrCodeWrong
            data = await self._shared_blobs.get(row.patient_id, row.blob_id)
            call.viewed(
                opened.transmission.transmission_id, wanted, patient_id=row.patient_id, practice_id=row.practice_id
            )
            return HttpBody(content_type=row.content_type, data=data)
        names = await self._shared_names.of(found.practice_id, found.patient_id)
        _record(opened, call)
        if form == "pdf":
            return HttpBody(content_type="application/pdf", data=await record_pdf(found, names, language))
        files = await contents(found, self._shared_blobs)
        made = bundle(found, names.get(found.patient_id, ""), files, call.now)
        return HttpBody(content_type="application/fhir+json", data=made)

    async def _opened(
        self, request: api_pb2.OpenTransmissionRequest | api_pb2.DownloadTransmissionRequest, call: Call
    ) -> Opened:
        """LinkOrCodeWrong alike for everything that does not open."""
        transmission_id = _id_of(request.transmission_id)
        transmission, wrong = await self._shares.open(transmission_id, request.secret, request.code, call.now)
        if wrong:
            if wrong == CODES:
                await call.perform(
                    commands.use_up_transmission, commands.UseUpTransmission(transmission.transmission_id)
                )
            raise LinkOrCodeWrong
        scopes = await self._shares.scopes(transmission, call.now)
        if not scopes:
            raise LinkOrCodeWrong
        transmitted = transmission.transmitted
        async with call.rows() as rows:
            zone = ZoneInfo(await replicas.time_zone_of(rows, transmission.practice_id) or "UTC")
            span = Span(transmitted.first, transmitted.last, zone)
            found = await extract(rows, transmission.practice_id, transmission.patient_id, scopes, span)
        return Opened(transmission, found)

    def _told(self, row: TransmissionRow, account_id: UUID, now: datetime) -> api_pb2.Transmission:
        """The code is shown to its sender alone, while it opens something."""
        state = row.state_at(now)
        is_own = row.account_id == account_id
        return api_pb2.Transmission(
            transmission_id=str(row.transmission_id),
            email=row.address,
            since=date_message(row.first_day),
            until=date_message(row.last_day),
            sent_at=instant_message(row.sent_at),
            expires_at=instant_message(row.expires_at),
            state=state,
            code=self._shares.code(row.transmission_id) if is_own and state == "open" else "",
            acting_as=row.acting_as,
        )


def _record(opened: Opened, call: Call) -> None:
    found = opened.found
    call.viewed(
        opened.transmission.transmission_id,
        *found.object_ids,
        patient_id=found.patient_id,
        practice_id=found.practice_id,
    )


def _id_of(text: str) -> UUID:
    """What is no id opens nothing, either."""
    try:
        return uuid_field(text, "transmission_id")
    except InvalidField:
        raise LinkOrCodeWrong from None
