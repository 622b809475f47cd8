"""Few kinds of error, stable slugs, one table to gRPC status. Messages hold no personal data."""

from typing import ClassVar

from grpc import StatusCode


class PortalError(Exception):
    """An answer that refuses. ``slug`` is stable and in ``SLUGS``; ``expected`` says what would have been right."""

    slug: ClassVar[str]

    def __init__(self, expected: str = "", *, field: str = "") -> None:
        self.expected = expected or SLUGS[self.slug][1]
        self.field = field
        super().__init__(f"{self.slug}: {self.expected}")


class InvalidField(PortalError):
    """A field of the request does not have the expected form. ``field`` is its path, e.g. ``birth_date``."""

    slug = "invalid_field"

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(expected, field=field)


class NotFound(PortalError):
    """Foreign, hidden and absent things answer alike."""

    slug = "not_found"


class Refused(PortalError):
    """The state or a rule does not allow it. Services subclass this, one class and slug a reason."""

    slug = "refused"


class NotAllowed(PortalError):
    """The caller is known and may not call this."""

    slug = "not_allowed"


OWN_RECORD = "expected another member of staff: nobody acts on a record they own or represent"
"""R43, as words of NotAllowed."""


class Unauthenticated(PortalError):
    slug = "unauthenticated"


class StepUpRequired(PortalError):
    slug = "step_up_required"


class Conflict(PortalError):
    """Others changed the same streams, again and again; the command may be sent once more with the same key."""

    slug = "conflict"


class IdempotencyKeyRequired(PortalError):
    """A command came without the header ``Idempotency-Key``, or with one that others could guess."""

    slug = "idempotency_key_required"


class CommandReused(PortalError):
    """The Idempotency-Key was used before with another request."""

    slug = "idempotency_key_reused"


class TooLarge(PortalError):
    """The request is larger than its RPC takes."""

    slug = "too_large"


class FileTypeRefused(Refused):
    """Only the types that are taken, and a file only as what it is."""

    slug = "file_type_refused"


class FileUnreadable(Refused):
    """A file that cannot be read, is locked, or is larger inside than is taken."""

    slug = "file_unreadable"


class DeadlineExceeded(PortalError):
    """The caller's deadline passed first; a command may have been carried out: send it again with the same key."""

    slug = "deadline_exceeded"


class Throttled(PortalError):
    slug = "throttled"


class Unavailable(PortalError):
    """A part that must answer did not; nothing was done."""

    slug = "unavailable"


class ReadModelBehind(PortalError):
    slug = "read_model_behind"


class AccessChanged(PortalError):
    """What the caller may see has become something else while a stream was open."""

    slug = "access_changed"


class AccessUndecided(PortalError):
    """Consent or identity did not answer within the lease: no answer, no access."""

    slug = "access_undecided"


SLUGS: dict[str, tuple[StatusCode, str]] = {
    "invalid_field": (StatusCode.INVALID_ARGUMENT, "expected another form of the named field"),
    "not_found": (StatusCode.NOT_FOUND, "nothing here under this id for this caller"),
    "refused": (StatusCode.FAILED_PRECONDITION, "the present state does not allow this"),
    "not_allowed": (StatusCode.PERMISSION_DENIED, "expected a caller with another role"),
    "unauthenticated": (StatusCode.UNAUTHENTICATED, "expected a valid access token"),
    "step_up_required": (StatusCode.PERMISSION_DENIED, "expected a factor given in the last 5 minutes"),
    "conflict": (StatusCode.ABORTED, "changed by others at the same time; send it again with the same key"),
    "idempotency_key_required": (StatusCode.INVALID_ARGUMENT, "expected the header Idempotency-Key"),
    "idempotency_key_reused": (StatusCode.ALREADY_EXISTS, "expected a new Idempotency-Key for another request"),
    "throttled": (StatusCode.RESOURCE_EXHAUSTED, "expected fewer tries; wait and send it again"),
    "too_large": (StatusCode.INVALID_ARGUMENT, "expected a smaller request"),
    "deadline_exceeded": (StatusCode.DEADLINE_EXCEEDED, "expected more time; send it again with the same key"),
    "unavailable": (StatusCode.UNAVAILABLE, "a part of the portal does not answer; nothing was done"),
    "read_model_behind": (StatusCode.UNAVAILABLE, "the read model has not reached that position; ask again"),
    "access_changed": (StatusCode.ABORTED, "expected the access that the stream began with; open it again"),
    "access_undecided": (StatusCode.UNAVAILABLE, "access cannot be decided now; ask again"),
    "result_not_waiting": (StatusCode.FAILED_PRECONDITION, "expected a result that waits for approval"),
    "result_not_released": (StatusCode.FAILED_PRECONDITION, "expected a released result"),
    "result_held": (StatusCode.FAILED_PRECONDITION, "expected a result that is not held"),
    "result_not_held": (StatusCode.FAILED_PRECONDITION, "expected a held result"),
    "hold_too_long": (StatusCode.FAILED_PRECONDITION, "expected an end of the hold within 14 days from now"),
    "file_type_refused": (StatusCode.FAILED_PRECONDITION, "expected a PDF, PNG, JPEG or plain text file"),
    "file_unreadable": (StatusCode.FAILED_PRECONDITION, "expected a readable file of at most 500 pages"),
    "transmission_not_open": (StatusCode.FAILED_PRECONDITION, "expected a transmitted record that is still open"),
    "link_or_code_wrong": (StatusCode.FAILED_PRECONDITION, "expected an open link with its code"),
    "approval_not_pending": (StatusCode.FAILED_PRECONDITION, "expected an approval that has not taken effect"),
    "standing_approval_in_force": (StatusCode.FAILED_PRECONDITION, "expected a category not signed for yet"),
    "standing_approval_not_in_force": (StatusCode.FAILED_PRECONDITION, "expected a standing approval in force"),
    "provider_not_taking_part": (StatusCode.FAILED_PRECONDITION, "expected a provider of the practice who takes part"),
    "charge_on_statement": (StatusCode.FAILED_PRECONDITION, "expected charges that stand on no statement"),
    "nothing_to_state": (StatusCode.FAILED_PRECONDITION, "expected at least one charge that stands on no statement"),
    "confidentiality_mixed": (StatusCode.FAILED_PRECONDITION, "expected confidential charges on their own statement"),
    "amount_above_due": (StatusCode.FAILED_PRECONDITION, "expected at most what is due and not reserved"),
    "amount_above_charge": (StatusCode.FAILED_PRECONDITION, "expected at most what the charge still comes to"),
    "statement_withdrawn": (StatusCode.FAILED_PRECONDITION, "expected a statement that was not withdrawn"),
    "payment_not_received": (StatusCode.FAILED_PRECONDITION, "expected a payment that was received"),
    "amount_above_received": (StatusCode.FAILED_PRECONDITION, "expected at most what was received and not refunded"),
    "signature_invalid": (StatusCode.UNAUTHENTICATED, "expected a fresh signature over the bytes sent"),
    "nobody_can_read": (StatusCode.FAILED_PRECONDITION, "expected a patient whose messages somebody can read: phone"),
    "nothing_to_settle": (StatusCode.FAILED_PRECONDITION, "expected a conversation that waits for a reply"),
    "form_not_in_force": (StatusCode.FAILED_PRECONDITION, "expected the version of the form that is in force"),
    "consent_not_in_force": (StatusCode.FAILED_PRECONDITION, "expected a consent in force"),
    "too_young_to_sign": (StatusCode.FAILED_PRECONDITION, "expected a patient of the age from which one signs"),
    "representative_not_verified": (StatusCode.FAILED_PRECONDITION, "expected verified documents"),
    "patient_dead": (StatusCode.FAILED_PRECONDITION, "expected a living patient"),
    "authorization_not_of_this_age": (StatusCode.FAILED_PRECONDITION, "expected a patient of the age for this kind"),
    "authorization_end_date_needed": (StatusCode.FAILED_PRECONDITION, "expected a last day that is not over"),
    "consent_of_patient_needed": (StatusCode.FAILED_PRECONDITION, "expected an adult patient's own consent in force"),
    "authorization_not_open": (StatusCode.FAILED_PRECONDITION, "expected an authorization that has not ended"),
    "authorization_already_signed": (StatusCode.FAILED_PRECONDITION, "expected a signature that the form still lacks"),
    "document_unfit": (StatusCode.FAILED_PRECONDITION, "expected a document of a kind for this authorization"),
    "document_not_waiting": (StatusCode.FAILED_PRECONDITION, "expected a recorded document whose last day is not over"),
    "document_revoked": (StatusCode.FAILED_PRECONDITION, "expected a document that was not revoked"),
    "release_not_open": (StatusCode.FAILED_PRECONDITION, "expected a release neither fulfilled nor revoked"),
    "release_extended": (StatusCode.FAILED_PRECONDITION, "expected a release that was not extended yet"),
    "task_settled": (StatusCode.FAILED_PRECONDITION, "expected a task that nobody has settled"),
    "emergency_access_open": (StatusCode.FAILED_PRECONDITION, "expected no emergency access that still holds"),
    "emergency_access_reviewed": (StatusCode.FAILED_PRECONDITION, "expected emergency access not reviewed yet"),
    "pair_suspended": (StatusCode.FAILED_PRECONDITION, "expected a pair that is not suspended"),
    "pair_not_suspended": (StatusCode.FAILED_PRECONDITION, "expected a suspended pair"),
    "link_gone": (StatusCode.FAILED_PRECONDITION, "expected a link that is still open; ask the practice for a new one"),
    "birth_date_differs": (StatusCode.FAILED_PRECONDITION, "expected the invited person's birth date"),
    "user_name_taken": (StatusCode.FAILED_PRECONDITION, "expected a user name that nobody has or had"),
    "wrong_credentials": (StatusCode.UNAUTHENTICATED, "expected a user name with its password, and a code if enrolled"),
    "wrong_code": (StatusCode.FAILED_PRECONDITION, "expected a present code or password that was not used before"),
    "wrong_passkey": (StatusCode.FAILED_PRECONDITION, "expected an authenticator's fresh answer, its user verified"),
    "wrong_answer": (StatusCode.FAILED_PRECONDITION, "expected the answer to the security question"),
    "wrong_token": (StatusCode.FAILED_PRECONDITION, "expected a token in its hour, with the address on record"),
    "caller_not_verified": (StatusCode.FAILED_PRECONDITION, "expected name and birth date as on record"),
    "consent_missing": (StatusCode.FAILED_PRECONDITION, "expected a signed consent form of that person"),
    "address_missing": (StatusCode.FAILED_PRECONDITION, "expected an e-mail address on record for that person"),
    "address_shared": (StatusCode.FAILED_PRECONDITION, "expected an address that no representative of theirs uses"),
    "too_young": (StatusCode.FAILED_PRECONDITION, "expected a person who is old enough for an own account"),
    "already_enrolled": (StatusCode.FAILED_PRECONDITION, "expected a person whose account is not joined yet"),
    "not_enrolled": (StatusCode.FAILED_PRECONDITION, "expected a person whose account is joined"),
    "last_admin": (StatusCode.FAILED_PRECONDITION, "expected another admin to remain"),
    "factor_needed": (StatusCode.FAILED_PRECONDITION, "expected a second factor to remain: staff must have one"),
    "acting_on_oneself": (StatusCode.PERMISSION_DENIED, "expected another member of staff"),
    "not_joinable": (
        StatusCode.FAILED_PRECONDITION,
        "expected two records of one birth date, joined to no other, both of the living or both of the dead",
    ),
    "not_interrupted": (StatusCode.FAILED_PRECONDITION, "expected an access that waits to be verified again"),
    "record_joined": (StatusCode.FAILED_PRECONDITION, "expected a record that is not joined to another one"),
    "proposal_gone": (StatusCode.FAILED_PRECONDITION, "expected an open proposal of somebody who is still an admin"),
    "second_person_needed": (StatusCode.FAILED_PRECONDITION, "expected another person than the one of the first half"),
    "patient_deceased": (StatusCode.FAILED_PRECONDITION, "expected a living patient"),
    "possible_duplicate": (StatusCode.FAILED_PRECONDITION, "expected a confirmation that this is another person"),
    "request_in_other_state": (StatusCode.FAILED_PRECONDITION, "expected a request that stands where this is possible"),
    "time_not_preferred": (StatusCode.FAILED_PRECONDITION, "expected one of the times that were asked for"),
    "time_past": (StatusCode.FAILED_PRECONDITION, "expected a time in the future"),
    "proposal_changed": (StatusCode.FAILED_PRECONDITION, "expected the time that is proposed now"),
    "too_late_to_cancel": (StatusCode.FAILED_PRECONDITION, "expected more than 24 hours until it begins: phone"),
    "not_on_medication_list": (StatusCode.FAILED_PRECONDITION, "expected a medication of the patient's list"),
    "internal": (StatusCode.INTERNAL, "an error of the portal; the trace id names it"),
}
"""Slug → gRPC status and what was expected. A service adds its refusals here: one visible table."""
