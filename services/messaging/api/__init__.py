"""What patients and staff ask of messaging: message in, command or query, message out; one module a topic."""

from services.messaging.api.appointments import Appointments, PracticeAppointments
from services.messaging.api.attaching import Files
from services.messaging.api.mail_choices import MailsWanted
from services.messaging.api.patients import Conversations
from services.messaging.api.practice import PracticeConversations
from services.messaging.api.refills import PracticeRefills, Refills
from services.messaging.api.watching import Watching

__all__ = ["MessagingApi"]


class MessagingApi(
    Conversations,
    Watching,
    PracticeConversations,
    Appointments,
    PracticeAppointments,
    Refills,
    PracticeRefills,
    MailsWanted,
):
    """The API port's servicer; policies have been applied before a method is called."""

    def __init__(self, files: Files) -> None:
        Conversations.__init__(self, files)
        PracticeConversations.__init__(self, files)
