"""The stable words under which documents' events are stored."""

from services.documents.domain.attachments import Attachment
from services.documents.domain.documents import Document
from services.documents.domain.record import RecordEntry
from services.documents.domain.release_policy import ReleasePolicy, ReleaseWish, StandingApproval
from services.documents.domain.results import Result
from services.documents.domain.transmission import Transmission
from shared.eventstore.stored import Json, Stored


def without_correction(fields: dict[str, Json]) -> dict[str, Json]:
    """Before version 2 no result corrected another."""
    report = fields["report"]
    return {**fields, "report": {**report, "corrects_id": None} if isinstance(report, dict) else report}


def without_waiting(fields: dict[str, Json]) -> dict[str, Json]:
    """Before version 2 every entry showed on arrival."""
    entry = fields["entry"]
    return {**fields, "entry": {**entry, "waits": False} if isinstance(entry, dict) else entry}


def without_corrected_file(fields: dict[str, Json]) -> dict[str, Json]:
    """Before version 2 no document corrected another."""
    file = fields["file"]
    return {**fields, "file": {**file, "corrects_id": None} if isinstance(file, dict) else file}


STORED = (
    Stored("ResultReceived", Result.Received, 2, {1: without_correction}),
    Stored("ResultApproved", Result.Approved),
    Stored("ResultApprovalUndone", Result.ApprovalUndone),
    Stored("ResultReleased", Result.Released),
    Stored("ResultHeld", Result.Held),
    Stored("ResultHoldLifted", Result.HoldLifted),
    Stored("ResultRetracted", Result.Retracted),
    Stored("ResultMisfiled", Result.Misfiled),
    Stored("ResultCorrected", Result.Corrected),
    Stored("DocumentReceived", Document.Received, 2, {1: without_corrected_file}),
    Stored("DocumentApproved", Document.Approved),
    Stored("DocumentApprovalUndone", Document.ApprovalUndone),
    Stored("DocumentHeld", Document.Held),
    Stored("DocumentHoldLifted", Document.HoldLifted),
    Stored("DocumentCorrected", Document.Corrected),
    Stored("DocumentReleased", Document.Released),
    Stored("DocumentRetracted", Document.Retracted),
    Stored("DocumentMisfiled", Document.Misfiled),
    Stored("AttachmentUploaded", Attachment.Uploaded),
    Stored("AttachmentPurged", Attachment.Purged),
    Stored("RecordTransmitted", Transmission.Sent),
    Stored("TransmissionRevoked", Transmission.Revoked),
    Stored("TransmissionUsedUp", Transmission.UsedUp),
    Stored("ReleasePolicyChosen", ReleasePolicy.Chosen),
    Stored("ReleasePolicyChanged", ReleasePolicy.Changed),
    Stored("StandingApprovalSigned", StandingApproval.Signed),
    Stored("StandingApprovalSignedAgain", StandingApproval.SignedAgain),
    Stored("StandingApprovalRevoked", StandingApproval.Revoked),
    Stored("ReleaseWishAsked", ReleaseWish.Asked),
    Stored("ReleaseWishAskedAgain", ReleaseWish.AskedAgain),
    Stored("ReleaseWishEnded", ReleaseWish.Ended),
    Stored("RecordEntryListed", RecordEntry.Listed, 2, {1: without_waiting}),
    Stored("RecordEntryApproved", RecordEntry.Approved),
    Stored("RecordEntryMisfiled", RecordEntry.Misfiled),
)
