"""Who may see what, and why, now and at a past instant (R37)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.consent import messages
from services.consent.api.callers import caller, is_own, located
from services.consent.decisions import Decisions, Viewer, held
from services.consent.domain.identifiers import consent_id
from shared.access.windows import HeldWindow, holding
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.rpc.call import Call
from shared.rpc.fields import instant_message, uuid_field


class Access:
    """The decision, with its reasons."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    async def MyAccess(self, request: api_pb2.MyAccessRequest, call: Call) -> api_pb2.MyAccessResponse:
        by_patient: dict[UUID, list[HeldWindow]] = {}
        held_now = holding(await self._decisions.decide(caller(call), None), call.now)
        for window in (one for one in held_now if one.is_own):
            by_patient.setdefault(window.patient_id, []).append(window)
        return api_pb2.MyAccessResponse(
            to_sign=[
                api_pb2.FormToSign(
                    patient_id=str(one.patient_id),
                    practice_id=str(one.practice_id),
                    form_version=one.form_version,
                )
                for one in await self._decisions.to_sign(caller(call))
            ],
            patients=[
                api_pb2.PatientAccess(
                    patient_id=str(patient_id),
                    practice_id=str(windows[0].practice_id),
                    acting_as=windows[0].acting_as,
                    scopes=messages.all_scopes(window.scopes for window in windows),
                    windows=await self._explained(windows),
                    person_id=str(windows[0].person_id),
                    consent_id=str(consent_id(patient_id, windows[0].person_id)),
                )
                for patient_id, windows in sorted(by_patient.items())
            ],
        )

    async def WhoCanSee(self, request: api_pb2.WhoCanSeeRequest, call: Call) -> api_pb2.WhoCanSeeResponse:
        patient_id, practice_id = located(call)
        at = messages.past_of(request.at, call.now) if request.HasField("at") else None
        only = None if is_own(call) else call.actor.id
        viewers = await self._decisions.viewers(patient_id, at)
        known_now = await self._decisions.viewers_known_now(patient_id, at) if at is not None else []
        return api_pb2.WhoCanSeeResponse(
            at=instant_message(at or call.now),
            viewers=await self._viewers(viewers, patient_id, practice_id, only),
            known_now=await self._viewers(known_now, patient_id, practice_id, only),
        )

    async def _viewers(
        self, viewers: Iterable[Viewer], patient_id: UUID, practice_id: UUID, only: UUID | None
    ) -> Sequence[api_pb2.Viewer]:
        """Each with reasons; ``only`` one account where somebody may ask about themselves alone."""
        shown = []
        for viewer in viewers:
            if only is not None and viewer.account_id != only:
                continue
            windows = [held(window, patient_id, practice_id) for window in viewer.windows]
            shown.append(
                api_pb2.Viewer(
                    account_id=str(viewer.account_id),
                    acting_as=windows[0].acting_as,
                    person_id=str(windows[0].person_id),
                    scopes=messages.all_scopes(window.scopes for window in windows),
                    windows=await self._explained(windows),
                )
            )
        return shown

    async def ExplainAccess(self, request: api_pb2.ExplainAccessRequest, call: Call) -> api_pb2.ExplainAccessResponse:
        patient_id, practice_id = located(call)
        account_id = uuid_field(request.account_id, "account_id")
        if not is_own(call) and account_id != call.actor.id:
            raise NotFound
        at = messages.past_of(request.at, call.now) if request.HasField("at") else call.now
        explained = await self._decisions.explain(account_id, patient_id, at)
        then, now = (
            [held(window, patient_id, practice_id) for window in windows]
            for windows in (explained.known_then, explained.known_now)
        )
        return api_pb2.ExplainAccessResponse(
            at=instant_message(at),
            known_then=await self._explained(then),
            known_now=await self._explained(now),
            missing=explained.missing,
        )

    async def _explained(self, windows: Iterable[HeldWindow]) -> Sequence[api_pb2.ExplainedWindow]:
        return [
            api_pb2.ExplainedWindow(
                acting_as=window.acting_as,
                person_id=str(window.person_id),
                scopes=sorted(window.scopes),
                since=instant_message(window.since),
                until=None if window.until is None else instant_message(window.until),
                rule=window.rule,
                because=await self._decisions.event_ids(window.because),
            )
            for window in windows
        ]
