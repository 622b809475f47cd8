"""Why consent refuses: one class and slug a reason."""

from shared.errors import Refused


class FormNotInForce(Refused):
    """Only the version in force can be signed (R2)."""

    slug = "form_not_in_force"


class ConsentNotInForce(Refused):
    """Only a consent in force can be withdrawn."""

    slug = "consent_not_in_force"


class TooYoungToSign(Refused):
    """A patient signs from the adolescent's birthday on (R2, R42)."""

    slug = "too_young_to_sign"


class RepresentativeNotVerified(Refused):
    """A representative signs, and so is invited, once an authorization is in force and its documents verified (R7)."""

    slug = "representative_not_verified"


class PatientDead(Refused):
    """The record says that the patient is dead (R20)."""

    slug = "patient_dead"


class NotOfThisAge(Refused):
    """An authorization of this kind is not for a patient of this age (R17, R19)."""

    slug = "authorization_not_of_this_age"


class EndDateNeeded(Refused):
    """Every kind but minor needs a last day that is not over (R20)."""

    slug = "authorization_end_date_needed"


class ConsentOfPatientNeeded(Refused):
    """Only an enrolled patient with an own consent in force lets others in (R2, R27)."""

    slug = "consent_of_patient_needed"


class AuthorizationNotOpen(Refused):
    """The authorization was revoked or has ended; a new one must be granted (R20)."""

    slug = "authorization_not_open"


class AlreadySigned(Refused):
    """That signature is on the form already, or the form does not ask for it."""

    slug = "authorization_already_signed"


class DocumentUnfit(Refused):
    """The document is not of a kind that this authorization rests on (R7)."""

    slug = "document_unfit"


class DocumentNotWaiting(Refused):
    """Only a recorded document whose last day is not over can be verified."""

    slug = "document_not_waiting"


class DocumentRevoked(Refused):
    """The document was revoked before."""

    slug = "document_revoked"


class PairSuspended(Refused):
    """The pair is suspended already."""

    slug = "pair_suspended"


class ReleaseNotOpen(Refused):
    """Fulfilled or revoked already (R21)."""

    slug = "release_not_open"


class ReleaseExtended(Refused):
    """There is one extension (R21)."""

    slug = "release_extended"


class LinkGone(Refused):
    """Used, run out, replaced, void or unknown: all links that open nothing answer alike (R8)."""

    slug = "link_gone"


class BirthDateDiffers(Refused):
    """Not the patient's birth date; the third wrong one voids the link (R8)."""

    slug = "birth_date_differs"


class TaskSettled(Refused):
    """Somebody has settled the task already."""

    slug = "task_settled"


class EmergencyOpen(Refused):
    """Emergency access of that account to that record holds already; it is not lengthened (R43)."""

    slug = "emergency_access_open"


class EmergencyReviewed(Refused):
    """An admin has reviewed it already (R43)."""

    slug = "emergency_access_reviewed"


class SecondPersonNeeded(Refused):
    """The same person did the other half of an act that takes two (R43)."""

    slug = "second_person_needed"


class PairNotSuspended(Refused):
    """Only a suspended pair can be lifted."""

    slug = "pair_not_suspended"


class RecordJoined(Refused):
    """The record was joined to another one, where everything new belongs (R44)."""

    slug = "record_joined"


class NotInterrupted(Refused):
    """That access does not wait to be verified again (R44)."""

    slug = "not_interrupted"
