"""Who may call what of messaging, and how the practice and patient concerned are found."""

from collections.abc import Mapping
from typing import Protocol

from services.messaging.projections import appointments, conversations, refills
from shared.access.locating import patient_of_request, practice_of_request
from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, PEER, STAFF, Locate, Located, Policy

READS = frozenset({"provider", "clinical", "front_desk", "billing", "support"})
"""R43: which conversations each of them reaches is in ``domain/reach.py``."""
LISTS = READS | {"admin"}
"""R13: an admin is told what is overdue, and may give it to somebody."""
SCHEDULES = frozenset({"provider", "clinical", "front_desk"})
PRESCRIBES = frozenset({"provider"})
TREATS = frozenset({"provider", "clinical"})
DESK = frozenset({"front_desk", "support", "admin"})


class OfConversation(Protocol):
    @property
    def conversation_id(self) -> str: ...


class OfAppointment(Protocol):
    @property
    def appointment_id(self) -> str: ...


class OfRefill(Protocol):
    @property
    def refill_id(self) -> str: ...


class OfPractice(Protocol):
    @property
    def practice_id(self) -> str: ...

    @property
    def patient_id(self) -> str: ...


async def conversation_of_request(request: OfConversation, rows: Rows) -> Located:
    """Practice and patient of the named conversation; NotFound where there is none."""
    found = await conversations.where(rows, uuid_field(request.conversation_id, "conversation_id"))
    if found is None:
        raise NotFound
    return Located(*found)


async def appointment_of_request(request: OfAppointment, rows: Rows) -> Located:
    """Practice and patient of the named appointment; NotFound where there is none."""
    found = await appointments.where(rows, uuid_field(request.appointment_id, "appointment_id"))
    if found is None:
        raise NotFound
    return Located(*found)


async def refill_of_request(request: OfRefill, rows: Rows) -> Located:
    """Practice and patient of the named refill; NotFound where there is none."""
    found = await refills.where(rows, uuid_field(request.refill_id, "refill_id"))
    if found is None:
        raise NotFound
    return Located(*found)


async def practice_or_patient_of_request(request: OfPractice, rows: Rows) -> Located:
    """A list of the practice, or of one of its patients where the request names one."""
    return await (patient_of_request if request.patient_id else practice_of_request)(request, rows)


PURPOSE_OF_SCOPE = {"appointments": "scheduling", "refills": "treatment"}


def _patient_side(
    locate: Locate = conversation_of_request, *, scope: str = "messages", writes: bool = False, recorded: bool = False
) -> Policy:
    return Policy(
        callers=frozenset({ACCOUNT}),
        purpose=PURPOSE_OF_SCOPE.get(scope, "communication"),
        scope=scope,
        locate=locate,
        writes=writes,
        recorded=recorded,
    )


def _practice_side(
    roles: frozenset[str],
    locate: Locate = conversation_of_request,
    *,
    purpose: str = "communication",
    writes: bool = False,
    recorded: bool = False,
) -> Policy:
    return Policy(
        callers=frozenset({STAFF}),
        purpose=purpose,
        roles=roles,
        locate=locate,
        writes=writes,
        recorded=recorded,
    )


def _scheduling() -> Policy:
    return _practice_side(SCHEDULES, appointment_of_request, purpose="scheduling", writes=True)


def _prescribing(roles: frozenset[str]) -> Policy:
    return _practice_side(roles, refill_of_request, purpose="treatment", writes=True)


POLICIES: Mapping[str, Policy] = {
    "ListRecipients": _patient_side(patient_of_request),
    "StartConversation": _patient_side(patient_of_request, writes=True),
    "SendMessage": _patient_side(writes=True),
    "ListConversations": _patient_side(patient_of_request, recorded=True),
    "GetConversation": _patient_side(recorded=True),
    "DownloadAttachment": _patient_side(recorded=True),
    "MarkRead": _patient_side(writes=True),
    "ListInbox": _patient_side(patient_of_request, scope="", recorded=True),
    "WatchInbox": _patient_side(patient_of_request, scope="", recorded=True),
    "CountUnread": _patient_side(patient_of_request),
    "GetMailChoices": Policy(callers=frozenset({ACCOUNT}), purpose="communication"),
    "ChooseMails": Policy(callers=frozenset({ACCOUNT}), purpose="communication", writes=True),
    "ListPracticeConversations": _practice_side(LISTS, practice_or_patient_of_request, recorded=True),
    "GetPracticeConversation": _practice_side(READS, recorded=True),
    "DownloadPracticeAttachment": _practice_side(READS, recorded=True),
    "ReplyToConversation": _practice_side(READS, writes=True),
    "StartPracticeConversation": _practice_side(READS, patient_of_request, writes=True),
    "AssignConversation": _practice_side(LISTS, writes=True),
    "SettleConversation": _practice_side(READS, writes=True),
    "WhoWillRead": _practice_side(READS, patient_of_request),
    "ListNotifications": _practice_side(DESK, practice_or_patient_of_request),
    "RequestAppointment": _patient_side(patient_of_request, scope="appointments", writes=True),
    "ListAppointments": _patient_side(patient_of_request, scope="appointments", recorded=True),
    "AcceptProposal": _patient_side(appointment_of_request, scope="appointments", writes=True),
    "CancelAppointment": _patient_side(appointment_of_request, scope="appointments", writes=True),
    "ListPracticeAppointments": _practice_side(
        SCHEDULES, practice_or_patient_of_request, purpose="scheduling", recorded=True
    ),
    "BookAppointment": _practice_side(SCHEDULES, patient_of_request, purpose="scheduling", writes=True),
    "GetAppointmentPolicy": _practice_side(SCHEDULES | {"admin"}, practice_of_request, purpose="scheduling"),
    "ChooseAppointmentPolicy": _practice_side(
        frozenset({"admin"}), practice_of_request, purpose="scheduling", writes=True
    ),
    "ConfirmAppointment": _scheduling(),
    "ProposeAppointment": _scheduling(),
    "DeclineAppointment": _scheduling(),
    "RescheduleAppointment": _scheduling(),
    "CancelPracticeAppointment": _scheduling(),
    "RecordAttendance": _scheduling(),
    "RequestRefill": _patient_side(patient_of_request, scope="refills", writes=True),
    "ListRefills": _patient_side(patient_of_request, scope="refills", recorded=True),
    "ListPracticeRefills": _practice_side(TREATS, practice_or_patient_of_request, purpose="treatment", recorded=True),
    "ApproveRefill": _prescribing(PRESCRIBES),
    "DeclineRefill": _prescribing(PRESCRIBES),
    "SendRefillToPharmacy": _prescribing(TREATS),
    "AttachmentsSent": Policy(callers=frozenset({PEER}), purpose="communication", peers=frozenset({"documents"})),
    "UnreadCounts": Policy(callers=frozenset({ACCOUNT}), purpose="communication", peers=frozenset({"web"})),
}
