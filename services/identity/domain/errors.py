"""Identity's refusals, one class and slug a reason."""

from shared.errors import Refused, Unauthenticated


class LinkGone(Refused):
    """Used, expired, void and unknown links answer alike (R10)."""

    slug = "link_gone"


class BirthDateDiffers(Refused):
    """Not the invited person's birth date; the third one voids the link (R8)."""

    slug = "birth_date_differs"


class UserNameTaken(Refused):
    """Taken, or once taken: dead names and look-alikes included (R27)."""

    slug = "user_name_taken"


class WrongCredentials(Unauthenticated):
    """The same whether or not the account exists (R26)."""

    slug = "wrong_credentials"


class WrongCode(Refused):
    """The code is wrong, or was used before (R36)."""

    slug = "wrong_code"


class WrongPasskey(Refused):
    """Not the answer of an authenticator, with its user verified, to a challenge of this account (R36)."""

    slug = "wrong_passkey"


class WrongAnswer(Refused):
    """Not the answer to the security question; the third one voids the link (R23)."""

    slug = "wrong_answer"


class WrongToken(Refused):
    """Unknown, used, expired, guessed-at tokens and other addresses answer alike (R25)."""

    slug = "wrong_token"


class CallerNotVerified(Refused):
    """What the caller said is not what is on record (R25)."""

    slug = "caller_not_verified"


class ConsentMissing(Refused):
    """An invitation without consent is impossible (R2)."""

    slug = "consent_missing"


class AddressMissing(Refused):
    """There is no e-mail address on record for that person."""

    slug = "address_missing"


class AddressShared(Refused):
    """A representative of the teen uses the address: the teen needs one of their own (R42)."""

    slug = "address_shared"


class TooYoung(Refused):
    """Under the practice's adolescent age there is no own account (R42)."""

    slug = "too_young"


class AlreadyEnrolled(Refused):
    """The person has an account that is joined to this record (R12)."""

    slug = "already_enrolled"


class NotEnrolled(Refused):
    """The person has no account that is joined to this record."""

    slug = "not_enrolled"


class LastAdmin(Refused):
    """The last admin of a practice cannot leave or give up the role (R43)."""

    slug = "last_admin"


class FactorNeeded(Refused):
    """Staff must have a second factor (R36)."""

    slug = "factor_needed"


class ActingOnOneself(Refused):
    """Nobody acts as staff on their own membership, or on a record they own or represent (R43)."""

    slug = "acting_on_oneself"


class SecondPersonNeeded(Refused):
    """The same person did the other half of an act that takes two (R43)."""

    slug = "second_person_needed"


class ProposalGone(Refused):
    """Settled, run out, or made by somebody who is no admin any more (R43)."""

    slug = "proposal_gone"


class PatientIsDeceased(Refused):
    """The practice recorded the patient's death."""

    slug = "patient_deceased"


class NotJoinable(Refused):
    """Not two records, each its own, of one birth date, both of the living or both of the dead (R44)."""

    slug = "not_joinable"


class RecordJoined(Refused):
    """The record was joined to another one, where everything new belongs (R44)."""

    slug = "record_joined"


class PossibleDuplicate(Refused):
    """Someone like that is registered already, and nobody has said that this is another person (R44)."""

    slug = "possible_duplicate"
