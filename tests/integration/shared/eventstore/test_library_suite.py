"""The eventsourcing library's own persistence suite, claimed for streams, positions, their order, and tracking."""

from collections.abc import Iterator

import pytest
from eventsourcing.tests.persistence import (
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
    TrackingRecorderTestCase,
)

from tests.integration.conftest import Postgres
from tests.integration.shared.eventstore.recorders import (
    Instances,
    Loop,
    PositionRecorder,
    PositionsTable,
    StreamRecorder,
)


class OverPostgres:
    """Gives each case of the suite a database of its own."""

    instances: Instances

    @pytest.fixture(autouse=True)
    def open_instances(self, postgres: Postgres) -> Iterator[None]:
        loop = Loop()
        name = loop.run(postgres.create())
        self.instances = Instances(loop, postgres.dsn(name))
        yield
        self.instances.close()
        loop.run(postgres.drop(name))
        loop.close()


class TestStreams(OverPostgres, AggregateRecorderTestCase):
    def create_recorder(self) -> StreamRecorder:
        return StreamRecorder(self.instances)


class TestPositions(OverPostgres, ApplicationRecorderTestCase[PositionRecorder]):
    def create_recorder(self) -> PositionRecorder:
        return PositionRecorder(self.instances)


class TestPositionsOfTwoStreamsDoNotInterleave(OverPostgres, NonInterleavingNotificationIDsBaseCase):
    insert_num = 20_000  # the default of 1,000 is over before the second writer has begun

    def create_recorder(self) -> PositionRecorder:
        return PositionRecorder(self.instances)


class TestTracking(OverPostgres, TrackingRecorderTestCase):
    def create_recorder(self) -> PositionsTable:
        return PositionsTable(self.instances)


del AggregateRecorderTestCase, ApplicationRecorderTestCase
del NonInterleavingNotificationIDsBaseCase, TrackingRecorderTestCase
