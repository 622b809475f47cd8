"""The one aggregate class: identity, subject and time are given, nothing is read from the machine."""

from datetime import UTC, datetime
from uuid import UUID

from eventsourcing import domain
from eventsourcing.domain import event

__all__ = ["SERVICE_SUBJECT", "Aggregate", "event"]

SERVICE_SUBJECT = UUID(int=0)
"""The subject of events that concern the service itself: stored in clear, never personal."""

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Aggregate(domain.Aggregate):
    """A consistency boundary whose state is the fold of its events.

    Event classes are nested and explicit (``class Signed(Aggregate.Created)``), so that
    publishing, projecting and storing are typed. The library stamps events with the machine's clock;
    here that stamp is a constant which is never stored: what happened when is a field of the event.
    """

    class Event(domain.Aggregate.Event):
        @staticmethod
        def create_timestamp() -> datetime:
            return _NO_TIME

    class Created(Event, domain.Aggregate.Created):
        pass

    @property
    def subject_id(self) -> UUID:
        """Whose data the events of this stream are: the key they are encrypted with.

        The same for every event of the stream. ``SERVICE_SUBJECT`` means: stored in clear.
        """
        raise NotImplementedError(f"{type(self).__qualname__} names no subject")
