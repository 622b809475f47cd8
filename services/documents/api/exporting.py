"""A patient's record to take along (R39): what the caller may see of it, between two days."""

from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from google.api.httpbody_pb2 import HttpBody
from google.type.date_pb2 import Date

from services.documents.api.callers import located
from services.documents.exports.extract import Extract, Span, extract
from services.documents.exports.fhir import bundle
from services.documents.exports.record_pdf import WORDS, record_pdf
from shared.access import replicas
from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.names import Names
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, date_field
from shared.uploads.blobs import Blobs

FORMATS = frozenset({"pdf", "fhir"})
MOST_FILE_BYTES = 20 * 1024 * 1024
"""Bytes of the documents that one bundle holds."""
EXPORTABLE = frozenset({"results", "documents"})


class Exporting:
    """Downloads of the record."""

    def __init__(self, names: Names, blobs: Blobs) -> None:
        self._export_names, self._export_blobs = names, blobs

    async def ExportRecord(self, request: api_pb2.ExportRecordRequest, call: Call) -> HttpBody:
        form = choice_field(request.format, "format", FORMATS)
        language = choice_field(request.language or "en", "language", frozenset(WORDS))
        first, last = days_of(request.since, request.until)
        scopes = call.actor.scopes & EXPORTABLE
        if not scopes:
            raise NotFound
        practice_id, patient_id = located(call)
        async with call.rows() as rows:
            zone = ZoneInfo(await replicas.time_zone_of(rows, practice_id) or "UTC")
            found = await extract(rows, practice_id, patient_id, scopes, Span(first, last, zone))
        names = await self._export_names.of(practice_id, patient_id)
        call.viewed(*found.object_ids)
        if form == "pdf":
            return HttpBody(content_type="application/pdf", data=await record_pdf(found, names, language))
        files = await contents(found, self._export_blobs)
        made = bundle(found, names.get(patient_id, ""), files, call.now)
        return HttpBody(content_type="application/fhir+json", data=made)


def days_of(since: Date, until: Date) -> tuple[date, date]:
    """The first and the last day of a range."""
    first, last = date_field(since, "since"), date_field(until, "until")
    if not 1900 <= first.year <= last.year <= 2200 or last < first:
        raise InvalidField("until", "expected a day that is not before since, both between 1900 and 2200")
    return first, last


async def contents(found: Extract, blobs: Blobs) -> dict[UUID, bytes]:
    """The bytes of the documents; InvalidField where they are too many for one answer."""
    if sum(row.size_bytes for row in found.documents) > MOST_FILE_BYTES:
        raise InvalidField("since", "expected a shorter range of dates, or the PDF")
    return {row.document_id: await blobs.get(row.patient_id, row.blob_id) for row in found.documents}
