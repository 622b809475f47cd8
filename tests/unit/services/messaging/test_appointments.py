"""R16, R32 and R38 at their boundaries: what each state allows, until when, and what is told of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.messaging.consumers import CONSUMERS
from services.messaging.domain.appointment import CANCELLABLE_UNTIL, About, Appointment, Origin, Side, Wish
from services.messaging.domain.conversation import Author
from services.messaging.domain.errors import NotInThatState, ProposalChanged, TimeNotPreferred, TooLateToCancel
from services.messaging.domain.refill import Prescription, Refill
from services.messaging.processes import PROCESSES, TELL_READERS
from shared.contracts.documents.v1.events import ResultReleased
from shared.envelope import Recorded

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PREFERRED, OTHER = AT + timedelta(days=7), AT + timedelta(days=9)
PRACTICE, PATIENT, ACCOUNT = (UUID(int=number) for number in (1, 2, 11))
Step = Callable[[Appointment], None]


def recorded(event: object, origin: str = "portal") -> Recorded[object]:
    return Recorded(event, "messaging", 0, 1, UUID(int=3), 1, PATIENT, PATIENT, AT, AT, {"origin": origin})


def requested(origin: Origin = "portal") -> Appointment:
    wish = Wish(Author("patient", ACCOUNT, PATIENT, "self"), None, (PREFERRED,), "Knee")
    return Appointment(UUID(int=3), About(PRACTICE, PATIENT, False, origin), wish, AT)


STEPS: dict[str, Step] = {
    "confirm": lambda one: one.confirm(PREFERRED, AT),
    "propose": lambda one: one.propose(OTHER, AT + timedelta(days=3), AT),
    "accept": lambda one: one.accept(OTHER, AT),
    "decline": lambda one: one.decline("full", AT),
    "reschedule": lambda one: one.reschedule(OTHER, AT),
    "cancel": lambda one: one.cancel("staff", "", AT),
    "attend": lambda one: one.record_attendance(True, OTHER),
}
WAYS: dict[str, tuple[str, ...]] = {
    "requested": (),
    "proposed": ("propose",),
    "confirmed": ("confirm",),
    "declined": ("decline",),
    "cancelled": ("cancel",),
    "attended": ("confirm", "attend"),
}
ALLOWED = {
    "requested": {"confirm", "propose", "decline", "cancel"},
    "proposed": {"confirm", "propose", "accept", "decline", "cancel"},
    "confirmed": {"reschedule", "cancel", "attend"},
    "declined": set(),
    "cancelled": set(),
    "attended": set(),
}


@pytest.mark.parametrize("state", WAYS)
def test_r38_from_each_state_only_what_the_rules_allow(state: str) -> None:
    done = set()
    for name, step in STEPS.items():
        appointment = requested()
        for before in WAYS[state]:
            STEPS[before](appointment)
        assert appointment.state == state
        try:
            step(appointment)
        except NotInThatState:
            continue
        done.add(name)
    assert done == ALLOWED[state]


def test_r38_the_practice_confirms_a_preferred_time_and_no_other() -> None:
    with pytest.raises(TimeNotPreferred):
        requested().confirm(OTHER, AT)


@pytest.mark.parametrize(
    ("seconds", "by", "cancels"), [(-1, "patient", True), (0, "patient", False), (1, "staff", True)]
)
def test_r38_the_patient_cancels_until_24_hours_before_to_the_second(seconds: int, by: Side, cancels: bool) -> None:
    appointment = requested()
    appointment.confirm(PREFERRED, AT)
    at = PREFERRED - CANCELLABLE_UNTIL + seconds * SECOND
    if cancels:
        appointment.cancel(by, "", at)
        assert appointment.state == "cancelled"
    else:
        for side in ("patient", "representative"):
            with pytest.raises(TooLateToCancel):
                appointment.cancel(side, "", at)


@pytest.mark.parametrize(("seconds", "holds"), [(-1, True), (0, False), (1, False)])
def test_r38_a_proposal_is_accepted_before_it_lapses_and_as_it_was_shown(seconds: int, holds: bool) -> None:
    lapses_at = AT + timedelta(days=3)
    appointment = requested()
    appointment.propose(OTHER, lapses_at, AT)
    with pytest.raises(ProposalChanged):
        appointment.accept(PREFERRED, AT)
    at = lapses_at + seconds * SECOND
    if holds:
        appointment.lapse(lapses_at, at)
        appointment.accept(OTHER, at)
        assert appointment.state == "confirmed"
    else:
        with pytest.raises(NotInThatState):
            appointment.accept(OTHER, at)
        appointment.lapse(lapses_at, at)
        assert appointment.state == "lapsed"


@pytest.mark.parametrize("origin", ["portal", "desk"])
def test_r32_whoever_moves_an_appointment_its_origin_stays(origin: Origin) -> None:
    """A portal request that is moved by phone stays the portal's, and what the desk made stays the desk's."""
    appointment = requested(origin)
    appointment.confirm(PREFERRED, AT)
    appointment.reschedule(OTHER, AT)
    appointment.cancel("staff", "", AT)
    events = [event for event in appointment.collect_events() if hasattr(event, "about")]
    assert [event.about.origin for event in events] == [origin] * 4


@pytest.mark.parametrize(("origin", "told"), [("portal", 2), ("desk", 0)])
def test_r32_what_was_made_at_the_desk_leads_to_no_mail(origin: Origin, told: int) -> None:
    appointment = requested(origin)
    appointment.confirm(PREFERRED, AT)
    event = appointment.collect_events()[-1]
    assert len(list(PROCESSES[type(event)](recorded(event)))) == told


def test_r38_a_refill_is_decided_once_and_goes_to_the_pharmacy_only_when_approved() -> None:
    prescription = Prescription(Author("patient", ACCOUNT, PATIENT, "self"), None, None, "Lisinopril", "")
    declined, approved = (Refill(UUID(int=number), PRACTICE, PATIENT, prescription, AT) for number in (4, 5))
    for refill in (declined, approved):
        with pytest.raises(NotInThatState):
            refill.send_to_pharmacy(ACCOUNT, AT)
    declined.decline(ACCOUNT, "A visit first", AT)
    approved.approve(ACCOUNT, AT)
    for refill in (declined, approved):
        with pytest.raises(NotInThatState):
            refill.approve(ACCOUNT, AT)
        with pytest.raises(NotInThatState):
            refill.decline(ACCOUNT, "", AT)
    with pytest.raises(NotInThatState):
        declined.send_to_pharmacy(ACCOUNT, AT)
    approved.send_to_pharmacy(ACCOUNT, AT)
    assert approved.state == "sent_to_pharmacy"


RELEASED = ResultReleased(practice_id=PRACTICE, patient_id=PATIENT, result_id=UUID(int=6), provider_id=UUID(int=7))


def test_r16_a_release_tells_who_may_see_results_by_a_mail_that_says_a_document() -> None:
    """Whom, is found when the mail is about to leave: the effect names a scope, and nobody."""
    (told,) = CONSUMERS["documents"][ResultReleased](recorded(RELEASED))
    assert (told.kind, told.recipient) == (TELL_READERS, "")
    assert (told.details["notice"], told.details["scope"], told.details["only"]) == ("document", "results", "")


def test_r16_r35_what_an_import_released_tells_nobody() -> None:
    assert CONSUMERS["documents"][ResultReleased](recorded(RELEASED, origin="import")) == []
