"""Who may call which RPC of consent."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.consent.facts import IdentityFacts
from shared.access.locating import patient_of_request, practice_of_request
from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, ANYONE, PEER, STAFF, Located, Policy

DESK = frozenset({"front_desk", "support"})
DESK_AND_ADMIN = DESK | {"admin"}
EVERY_ROLE = frozenset({"provider", "clinical", "front_desk", "billing", "support", "admin"})
SERVICES = frozenset({"identity", "messaging", "documents", "billing"})


def _desk(*, roles: frozenset[str] = DESK, also: frozenset[str] = frozenset(), step_up: bool = False) -> Policy:
    """A command of the desk about one patient. ``step_up``: it changes who represents the patient (R45)."""
    return Policy(
        callers=frozenset({STAFF}) | also,
        purpose="communication",
        roles=roles,
        locate=patient_of_request,
        writes=True,
        step_up=step_up,
    )


def _question(*, also: frozenset[str] = frozenset()) -> Policy:
    """What staff ask about one patient's consents and representatives; recorded like every look into a record."""
    return Policy(
        callers=frozenset({STAFF}) | also,
        purpose="communication",
        roles=DESK_AND_ADMIN,
        locate=patient_of_request,
        recorded=True,
    )


def _peer() -> Policy:
    return Policy(callers=frozenset({PEER}), purpose="operations", peers=SERVICES)


PATIENTS = frozenset({ACCOUNT})

POLICIES: Mapping[str, Policy] = {
    "PublishForm": Policy(
        callers=frozenset({STAFF}),
        purpose="operations",
        roles=frozenset({"admin"}),
        locate=practice_of_request,
        writes=True,
    ),
    "GetForm": Policy(callers=frozenset({ANYONE}), purpose="communication"),
    "UploadScan": _desk(),
    "DownloadScan": Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=DESK,
        locate=patient_of_request,
        recorded=True,
    ),
    "SignConsent": _desk(),
    "SignOwnConsent": Policy(callers=PATIENTS, purpose="communication", writes=True),
    "WithdrawConsent": _desk(also=PATIENTS),
    "ListConsents": _question(),
    "GrantAuthorization": _desk(step_up=True),
    "SignAuthorization": _desk(step_up=True),
    "RecordDocument": _desk(),
    "VerifyDocuments": _desk(step_up=True),
    "RevokeDocument": _desk(),
    "RevokeAuthorization": _desk(also=PATIENTS, step_up=True),
    "SuspendPair": _desk(roles=DESK_AND_ADMIN),
    "LiftSuspension": _desk(roles=DESK_AND_ADMIN, step_up=True),
    "ListAuthorizations": _question(also=PATIENTS),
    "RequestRecordsRelease": Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="treatment",
        roles=DESK,
        scope="documents",
        locate=patient_of_request,
        writes=True,
    ),
    "ExtendRecordsRelease": _desk(),
    "RecordDisclosure": _desk(),
    "RevokeRecordsRelease": _desk(also=PATIENTS),
    "ListRecordsReleases": Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="communication",
        roles=DESK_AND_ADMIN,
        scope="documents",
        locate=patient_of_request,
        recorded=True,
    ),
    "ListOpenReleases": Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=DESK_AND_ADMIN,
        locate=practice_of_request,
        recorded=True,
    ),
    "SendSigningLink": _desk(),
    "GetSigningForm": Policy(callers=frozenset({ANYONE}), purpose="communication", secrets=frozenset({"secret"})),
    "SignByLink": Policy(
        callers=frozenset({ANYONE}),
        purpose="communication",
        writes=True,
        secrets=frozenset({"secret", "birth_date"}),
        link="secret",
    ),
    "SigningLink": Policy(
        callers=frozenset({PEER}), purpose="communication", peers=frozenset({"messaging"}), recorded=True
    ),
    "ObjectToRepresentative": Policy(callers=PATIENTS, purpose="communication", locate=patient_of_request, writes=True),
    "ListDeskTasks": Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=DESK_AND_ADMIN,
        locate=practice_of_request,
        recorded=True,
    ),
    "SettleDeskTask": Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=DESK_AND_ADMIN,
        locate=practice_of_request,
        writes=True,
    ),
    "VerifyAccessAgain": _desk(step_up=True),
    "RecordEmancipation": _desk(),
    "CorrectEmancipation": _desk(),
    "DeclareEmergencyAccess": Policy(
        callers=frozenset({STAFF}),
        purpose="treatment",
        roles=EVERY_ROLE,
        locate=patient_of_request,
        writes=True,
        recorded=True,
        step_up=True,
    ),
    "ReviewEmergencyAccess": Policy(
        callers=frozenset({STAFF}),
        purpose="operations",
        roles=frozenset({"admin"}),
        locate=practice_of_request,
        writes=True,
    ),
    "ListEmergencyAccess": Policy(
        callers=frozenset({STAFF}),
        purpose="communication",
        roles=frozenset({"admin"}),
        locate=practice_of_request,
        recorded=True,
    ),
    "ListEmergencyAccessOfPatient": Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="communication",
        roles=frozenset({"admin"}),
        locate=patient_of_request,
        recorded=True,
    ),
    "MyAccess": Policy(callers=PATIENTS, purpose="communication"),
    "WhoCanSee": _question(also=PATIENTS),
    "ExplainAccess": _question(also=PATIENTS),
    "AccessHead": _peer(),
    "Decide": _peer(),
}


def reading_through(policies: Mapping[str, Policy], facts: IdentityFacts) -> dict[str, Policy]:
    """The same rows; a patient whose event is still on its way is looked up at identity.

    The desk registers a patient and records the signature within the same second.
    """

    async def locate(request: Any, rows: Rows) -> Located:
        try:
            return await patient_of_request(request, rows)
        except NotFound:
            patient_id = uuid_field(request.patient_id, "patient_id")
            heard = await facts.of(patient_id)
            if heard is None:
                raise
            return Located(heard.practice_id, patient_id)

    return {
        name: replace(policy, locate=locate) if policy.locate is patient_of_request else policy
        for name, policy in policies.items()
    }
