"""Own events → effects, and what carries the effects of messaging out."""

from services.messaging.processes.deciding import PROCESSES, TELL_READERS
from services.messaging.processes.notifying import Notifying

__all__ = ["PROCESSES", "TELL_READERS", "Notifying"]
