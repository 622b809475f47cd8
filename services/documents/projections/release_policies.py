"""How each practice releases, what its providers have signed for, and which patients ask to wait (R14)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.documents.domain.release_policy import ReleasePolicy, ReleaseWish, StandingApproval
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    "CREATE TABLE release_policies (practice_id uuid PRIMARY KEY, choice text NOT NULL)",
    """CREATE TABLE standing_approvals (
        approval_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        provider_id uuid NOT NULL,
        category text NOT NULL,
        signed_at timestamptz NOT NULL,
        in_force boolean NOT NULL
    )""",
    "CREATE INDEX standing_approvals_of_practice ON standing_approvals (practice_id, category)",
    "CREATE TABLE release_wishes (patient_id uuid PRIMARY KEY, waits boolean NOT NULL, since timestamptz NOT NULL)",
)


async def choose(recorded: Recorded[ReleasePolicy.Chosen | ReleasePolicy.Changed], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert("release_policies", {"practice_id": event.practice_id}, {"choice": event.choice})


async def sign(recorded: Recorded[StandingApproval.Signed], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "standing_approvals",
        {"approval_id": recorded.stream_id},
        {
            "practice_id": event.practice_id,
            "provider_id": event.provider_id,
            "category": event.category,
            "signed_at": event.signed_at,
            "in_force": True,
        },
    )


async def sign_again(recorded: Recorded[StandingApproval.SignedAgain], rows: Rows) -> None:
    values = {"in_force": True, "signed_at": recorded.event.signed_at}
    await rows.update("standing_approvals", {"approval_id": recorded.stream_id}, values)


async def revoke(recorded: Recorded[StandingApproval.Revoked], rows: Rows) -> None:
    await rows.update("standing_approvals", {"approval_id": recorded.stream_id}, {"in_force": False})


async def wait(recorded: Recorded[ReleaseWish.Asked | ReleaseWish.AskedAgain], rows: Rows) -> None:
    event = recorded.event
    values = {"waits": True, "since": event.asked_at}
    await rows.upsert("release_wishes", {"patient_id": event.patient_id}, values)


async def wait_no_more(recorded: Recorded[ReleaseWish.Ended], rows: Rows) -> None:
    await rows.update("release_wishes", {"patient_id": recorded.event.patient_id}, {"waits": False})


RELEASE_POLICIES = ReadModel(
    "release_policies",
    "documents",
    TABLES,
    {
        ReleasePolicy.Chosen: choose,
        ReleasePolicy.Changed: choose,
        StandingApproval.Signed: sign,
        StandingApproval.SignedAgain: sign_again,
        StandingApproval.Revoked: revoke,
        ReleaseWish.Asked: wait,
        ReleaseWish.AskedAgain: wait,
        ReleaseWish.Ended: wait_no_more,
    },
)


@dataclass(frozen=True, slots=True)
class StandingRow:
    """One standing approval in force."""

    approval_id: UUID
    provider_id: UUID
    category: str
    signed_at: datetime


async def choice_of(rows: Rows, practice_id: UUID) -> str:
    """``manual`` or ``immediate``."""
    found = await rows.fetch_one("SELECT choice FROM release_policies WHERE practice_id = $1", practice_id)
    return "manual" if found is None else str(found["choice"])


async def standing(rows: Rows, practice_id: UUID) -> list[StandingRow]:
    """What is in force, the oldest first."""
    found = await rows.fetch(
        """SELECT approval_id, provider_id, category, signed_at FROM standing_approvals
           WHERE practice_id = $1 AND in_force ORDER BY signed_at, approval_id""",
        practice_id,
    )
    return [StandingRow(**row) for row in found]


async def covering(rows: Rows, practice_id: UUID, category: str) -> UUID | None:
    """The standing approval that releases such an item on arrival: policy, category, and a provider taking part."""
    found = await rows.fetch_one(
        """SELECT approval_id FROM standing_approvals
           JOIN release_policies USING (practice_id)
           JOIN providers USING (practice_id, provider_id)
           WHERE practice_id = $1 AND category = $2 AND in_force AND choice = 'immediate' AND takes_part
           ORDER BY signed_at, approval_id LIMIT 1""",
        practice_id,
        category,
    )
    return None if found is None else found["approval_id"]


async def waits(rows: Rows, patient_id: UUID) -> bool:
    """Whether the patient asked to wait."""
    found = await rows.fetch_one("SELECT waits FROM release_wishes WHERE patient_id = $1", patient_id)
    return found is not None and bool(found["waits"])
