"""What happens to results and documents alike, kept in two tables of one shape (R14, R44)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.documents.domain.review import Reviewed
from shared.envelope import Recorded
from shared.reading import Apply, Rows


@dataclass(frozen=True, slots=True)
class ReviewedTable:
    """A table, its key, and beside it those of the latest hold and of why something was taken back."""

    name: str
    key: str
    holds: str
    retractions: str

    def tables(self) -> tuple[str, str]:
        """Of holds and retractions."""
        retractions = f"""CREATE TABLE {self.retractions} (
            {self.key} uuid PRIMARY KEY,
            subject_id uuid NOT NULL,
            sealed bytea NOT NULL
        )"""
        holds = f"""CREATE TABLE {self.holds} (
            {self.key} uuid PRIMARY KEY,
            author_id uuid NOT NULL,
            subject_id uuid NOT NULL,
            sealed bytea NOT NULL
        )"""
        return retractions, holds

    def apply(self, kind: type[Reviewed]) -> Mapping[type, Apply]:
        """What each event of that kind of item does, but the one that creates it."""
        return {
            kind.Approved: self._approve,
            kind.ApprovalUndone: self._undo_approval,
            kind.Released: self._release,
            kind.Held: self._hold,
            kind.HoldLifted: self._lift_hold,
            kind.Retracted: self._retract,
            kind.Misfiled: self._find_misfiled,
            kind.Corrected: self._correct,
        }

    async def _approve(self, recorded: Recorded[Reviewed.Approved], rows: Rows) -> None:
        event = recorded.event
        values = {"takes_effect_at": event.effective_at, "released_by": event.provider_id}
        await self._change(recorded, rows, state="approved", **values)

    async def _undo_approval(self, recorded: Recorded[Reviewed.ApprovalUndone], rows: Rows) -> None:
        await self._change(recorded, rows, state="waiting", takes_effect_at=None, released_by=None)

    async def _release(self, recorded: Recorded[Reviewed.Released], rows: Rows) -> None:
        event = recorded.event
        values = {"released_at": event.released_at, "released_by": event.provider_id}
        await self._change(recorded, rows, state="released", **values)

    async def _hold(self, recorded: Recorded[Reviewed.Held], rows: Rows) -> None:
        event = recorded.event
        await self._change(recorded, rows, held_until=event.held_until)
        await rows.upsert(
            self.holds,
            {self.key: recorded.stream_id},
            {"author_id": event.author_id},
            subject_id=event.patient_id,
            personal={"reason": event.reason},
        )

    async def _lift_hold(self, recorded: Recorded[Reviewed.HoldLifted], rows: Rows) -> None:
        await self._change(recorded, rows, held_until=None)

    async def _retract(self, recorded: Recorded[Reviewed.Retracted], rows: Rows) -> None:
        event = recorded.event
        await self._change(recorded, rows, state="retracted")
        key, personal = {self.key: recorded.stream_id}, {"reason": event.reason}
        await rows.upsert(self.retractions, key, {}, subject_id=event.patient_id, personal=personal)

    async def _find_misfiled(self, recorded: Recorded[Reviewed.Misfiled], rows: Rows) -> None:
        state = "retracted" if recorded.event.was_released else "withdrawn"
        await self._change(recorded, rows, state=state, misfiled=True)

    async def _correct(self, recorded: Recorded[Reviewed.Corrected], rows: Rows) -> None:
        state = "corrected" if recorded.event.was_released else "withdrawn"
        await self._change(recorded, rows, state=state, corrected_by_id=recorded.event.corrected_by_id)

    async def _change(self, recorded: Recorded[Any], rows: Rows, **values: object) -> None:
        await rows.update(self.name, {self.key: recorded.stream_id}, values)

    async def where(self, rows: Rows, item_id: UUID) -> tuple[UUID, UUID] | None:
        """Practice and patient of an item."""
        sql = f"SELECT practice_id, patient_id FROM {self.name} WHERE {self.key} = $1"  # noqa: S608 - our own names
        found = await rows.fetch_one(sql, item_id)
        return None if found is None else (found["practice_id"], found["patient_id"])

    async def approved_of(self, rows: Rows, patient_id: UUID) -> list[UUID]:
        """What of a patient is approved and not yet visible."""
        found = await rows.fetch(
            f"""SELECT {self.key} AS item_id FROM {self.name}
                WHERE patient_id = ANY(records_of($1)) AND state = 'approved' ORDER BY {self.key}""",  # noqa: S608 - our own names
            patient_id,
        )
        return [row["item_id"] for row in found]

    async def patients_of(self, rows: Rows, practice_id: UUID, item_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Item → patient, of that practice alone."""
        found = await rows.fetch(
            f"""SELECT {self.key} AS item_id, patient_id FROM {self.name}
                WHERE practice_id = $1 AND {self.key} = ANY($2)""",  # noqa: S608 - our own names
            practice_id,
            list(item_ids),
        )
        return {row["item_id"]: row["patient_id"] for row in found}

    async def hold_of(self, rows: Rows, item_id: UUID) -> tuple[UUID, str] | None:
        """Author and reason of the latest hold."""
        found = await rows.fetch_one(f"SELECT * FROM {self.holds} WHERE {self.key} = $1", item_id)  # noqa: S608
        return None if found is None else (found["author_id"], str(found["reason"]))

    async def retraction_reason(self, rows: Rows, item_id: UUID) -> str:
        """Why an item was taken back; empty where it was not."""
        found = await rows.fetch_one(f"SELECT * FROM {self.retractions} WHERE {self.key} = $1", item_id)  # noqa: S608
        return "" if found is None else str(found["reason"])
