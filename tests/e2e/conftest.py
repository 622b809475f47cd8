"""One whole portal a session, by the code of ``make run``, on ports of its own; its tests meet it from outside."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest
import pytest_asyncio

from operations.outside import Portal
from operations.stack import Ports, Stack
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel
from tests.e2e.practices import House

MOST_SECONDS = 300
"""For the test that happens to start the portal, on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "portal_stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(MOST_SECONDS))


@pytest.fixture(scope="session")
def portal_stack() -> Iterator[Stack]:
    """The running portal, shared by all tests here: each module opens its own practice in it.

    A test that kills parts, wipes them or moves the clock makes its own.
    """
    folder = mkdtemp(prefix="portal-e2e-")
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        stack = Stack(Path(folder), Ports.free())
        runner.run(stack.start())
        try:
            yield stack
        finally:
            runner.run(stack.stop())
            shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def portal(portal_stack: Stack) -> AsyncIterator[Portal]:
    """The gateway and the caught mails, as an outside client meets them."""
    found = Portal(portal_stack.public_url, portal_stack.state.authority, portal_stack.mail_url)
    yield found
    await found.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def channels(portal_stack: Stack) -> AsyncIterator[ApiChannel]:
    """The peer ports, as the principal operations."""
    environment = portal_stack.environment()
    found = ApiChannel(
        Certificates(portal_stack.state.certificates, "operations"),
        lambda service: environment[f"PORTAL_{service.upper()}_PEERS"],
    )
    yield found
    await found.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(portal: Portal, channels: ApiChannel) -> House:
    """A practice of this module's own."""
    return await House.open(portal, channels)
