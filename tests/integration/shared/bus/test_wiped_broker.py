"""A broker that dies and comes back empty, under a running relay and a lagging reader: every event arrives once."""

import io
import logging
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.kafka.provisioning import provision
from deploy.local.certificates import make_certificates
from deploy.local.kafka import Broker
from deploy.local.ports import free_ports
from shared import telemetry
from tests.integration.conftest import JARS
from tests.integration.shared.bus.conftest import Bus
from tests.waiting import until


@dataclass
class MortalBroker:
    """A broker of one test's own, with what the shared one offers, and an end."""

    broker: Broker
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def servers(self) -> str:
        return self.broker.servers

    @property
    def certificates(self) -> Path:
        return self.broker.certificates

    def start(self) -> None:
        self.broker.prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.broker.command(), stdout=log, stderr=log)  # noqa: S603 - our own command

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)

    def wipe(self) -> None:
        shutil.rmtree(self.broker.folder)


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[MortalBroker]:
    """In place of the session's broker, which nobody may kill."""
    make_certificates(tmp_path / "certificates")
    broker = Broker(tmp_path / "kafka", tmp_path / "certificates", JARS, *free_ports(2))
    mortal = MortalBroker(broker, tmp_path / "kafka.log")
    mortal.start()
    yield mortal
    mortal.kill()


@pytest.fixture
def topic_prefix(kafka: MortalBroker) -> str:
    """The topics end with their broker."""
    provision(kafka.servers, kafka.certificates, "mortal.")
    return "mortal."


async def taken(bus: Bus, public: list[int]) -> bool:
    return set(public) <= set(await bus.ledger.positions())


async def test_a_broker_killed_and_restarted_loses_and_doubles_nothing(bus: Bus, kafka: MortalBroker) -> None:
    tasks = [bus.start(bus.relay().run()), bus.start(bus.reader().run())]
    public = await bus.append(lamps=30)
    await until(lambda: taken(bus, public))
    kafka.kill()
    public += await bus.append(lamps=30)
    kafka.start()
    public += await bus.append(lamps=30)
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()
    assert not any(task.done() for task in tasks)


async def test_a_broker_killed_and_wiped_is_filled_again_and_readers_go_on(bus: Bus, kafka: MortalBroker) -> None:
    relay, reader = bus.relay(), bus.reader()
    tasks = [bus.start(relay.run()), bus.start(reader.run())]
    public = await bus.append(lamps=60)
    await until(lambda: taken(bus, public))
    # The reader lags: these reach the broker and not yet the peer.
    bus.ledger.failures = [ConnectionError("away")] * 100
    late = await bus.append(lamps=20)
    await until(lambda: relay.position >= late[-1])
    kafka.kill()
    bus.ledger.failures = []
    kafka.wipe()
    public += late + await bus.append(lamps=20)
    kafka.start()
    provision(kafka.servers, kafka.certificates, bus.documents.prefix)
    public += await bus.append(lamps=20)
    await until(lambda: taken(bus, public))
    assert await bus.ledger.positions() == public
    assert await bus.ledger.in_order()
    assert not any(task.done() for task in tasks)
    log = await bus.log()
    in_log = {int(dict(record.headers)["position"]) for records in log for record in records}
    assert in_log == set(public)


async def test_relay_and_reader_stop_at_once_while_the_broker_is_dead(
    bus: Bus, kafka: MortalBroker, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [bus.start(bus.relay().run()), bus.start(bus.reader().run())]
    public = await bus.append(lamps=10)
    await until(lambda: taken(bus, public))
    kafka.kill()
    await bus.append(lamps=10)
    tasks += [bus.start(bus.relay().run()), bus.start(bus.reader().run())]
    await until(lambda: "without Kafka" in caplog.text and "holds" in caplog.text)
    for task in tasks:
        task.cancel()
    await until(lambda: all(task.done() for task in tasks))


async def test_a_broker_dead_for_seconds_is_told_in_a_few_lines_and_its_return_too(
    bus: Bus, kafka: MortalBroker, caplog: pytest.LogCaptureFixture
) -> None:
    """aiokafka says it many times a second; a process's log says what changed."""
    lines = io.StringIO()
    handler = telemetry.json_lines("documents", lines)
    logging.getLogger().addHandler(handler)
    try:
        for role in (bus.relay(), bus.reader()):
            bus.start(role.run())
        public = await bus.append(lamps=3)
        await until(lambda: taken(bus, public))
        assert lines.getvalue() == ""
        kafka.kill()
        await until(lambda: caplog.text.count("Unable connect to") > 20, seconds=60)
        await until(lambda: "the relay of documents holds" in lines.getvalue(), seconds=60)
        await until(lambda: "messaging is without Kafka" in lines.getvalue(), seconds=60)
        assert lines.getvalue().count("\n") <= 8, lines.getvalue()
        kafka.start()
        public = await bus.append(lamps=3)
        await until(lambda: taken(bus, public), seconds=60)
        await until(lambda: lines.getvalue().count("works again") >= 2)
        assert lines.getvalue().count("\n") <= 14, lines.getvalue()
    finally:
        logging.getLogger().removeHandler(handler)
