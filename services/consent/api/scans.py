"""Scans of papers: taken like every upload, read by the desk as attachments (R6, R7, R21, R30)."""

from google.api.httpbody_pb2 import HttpBody

from services.consent.api.callers import caller, located
from services.consent.commands.scans import KeepScan, keep_scan
from services.consent.domain.scan import Scan, ScannedFile
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.eventstore.store import EventStore
from shared.rpc.call import Call
from shared.rpc.fields import uuid_field
from shared.uploads import accepting
from shared.uploads.blobs import Blobs


class Scans:
    """Uploaded, downloaded."""

    def __init__(self, store: EventStore, blobs: Blobs) -> None:
        self._scans, self._scanned = store, blobs

    async def UploadScan(self, request: api_pb2.UploadScanRequest, call: Call) -> api_pb2.UploadScanResponse:
        patient_id, practice_id = located(call)
        upload = await accepting.accept(request.file.data, request.file.content_type, accepting.SCANS)
        blob_id = await self._scanned.keep(patient_id, upload.content)
        file = ScannedFile(upload.content_type, len(upload.content), upload.pages, upload.sha256, blob_id)
        kept = await call.perform(keep_scan, KeepScan(practice_id, patient_id, file, caller(call)))
        return api_pb2.UploadScanResponse(scan_id=str(kept.id), position=str(kept.position))

    async def DownloadScan(self, request: api_pb2.DownloadScanRequest, call: Call) -> HttpBody:
        """From the store, so that one just uploaded is there. NotFound for another patient's."""
        patient_id, _ = located(call)
        scan_id = uuid_field(request.scan_id, "scan_id")
        scan = await self._scans.find(Scan, Scan.create_id(scan_id))
        if scan is None or scan.patient_id != patient_id:
            raise NotFound
        content = await self._scanned.get(patient_id, scan.file.blob_id)
        call.viewed(scan_id)
        return HttpBody(content_type=scan.file.content_type, data=content)
