"""The wire between one part and PostgreSQL: held, cut, or its part killed, at exactly one statement or its answer."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum

from deploy.local.ports import HOST

SSL_REQUEST, CANCEL_REQUEST = 80_877_103, 80_877_102


class Moment(Enum):
    """Of a statement: it left the part and has not reached the server; the server's answer has not reached the part."""

    ASKED = "asked"
    ANSWERED = "answered"


@dataclass(slots=True)
class Snare:
    """Springs once, at the first statement that holds ``words``. ``spring`` says whether the message goes on."""

    words: str
    moment: Moment
    spring: Callable[[], Awaitable[bool]]
    sprung: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Session:
    """One connection: the statements that were prepared by name, and those under way."""

    prepared: dict[bytes, str] = field(default_factory=dict)
    under_way: list[str] = field(default_factory=list)


class Cut(Exception):
    """The connection ends here."""


class Wire:
    """A server on ``port`` that hands everything on to PostgreSQL, message by message."""

    def __init__(self, port: int, postgres_port: int) -> None:
        self.port, self._postgres_port = port, postgres_port
        self._snares: list[Snare] = []
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def set(self, words: str, moment: Moment, spring: Callable[[], Awaitable[bool]]) -> Snare:
        """The snare; its ``sprung`` is set once ``spring`` is called."""
        snare = Snare(words, moment, spring)
        self._snares.append(snare)
        return snare

    async def _serve(self, part: asyncio.StreamReader, to_part: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._running.add(task)
        try:
            with suppress(Cut, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._connected(part, to_part)
        finally:
            to_part.close()
            self._running.discard(task)

    async def _connected(self, part: asyncio.StreamReader, to_part: asyncio.StreamWriter) -> None:
        first = await _first_message(part)
        if struct.unpack("!I", first[4:8])[0] == SSL_REQUEST:
            to_part.write(b"N")
            first = await _first_message(part)
        server, to_server = await asyncio.open_connection(HOST, self._postgres_port)
        try:
            to_server.write(first)
            session = Session()
            ways = {
                asyncio.create_task(self._asking(part, to_server, session)),
                asyncio.create_task(self._answering(server, to_part, session)),
            }
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        finally:
            to_server.close()

    async def _asking(self, part: asyncio.StreamReader, to_server: asyncio.StreamWriter, session: Session) -> None:
        while True:
            kind, message = await _message(part)
            body = message[5:]
            if kind == b"P":
                name, sql, *_ = body.split(b"\0", 2)
                session.prepared[name] = sql.decode()
            elif kind in {b"B", b"Q"}:
                sql_asked = session.prepared.get(body.split(b"\0", 2)[1], "") if kind == b"B" else body[:-1].decode()
                session.under_way.append(sql_asked)
                await self._pass(Moment.ASKED, sql_asked)
            to_server.write(message)
            await to_server.drain()

    async def _answering(self, server: asyncio.StreamReader, to_part: asyncio.StreamWriter, session: Session) -> None:
        while True:
            kind, message = await _message(server)
            if kind == b"Z":  # ready for the next one: whatever was asked has ended, a commit among it
                answered, session.under_way = session.under_way, []
                for sql in answered:
                    await self._pass(Moment.ANSWERED, sql)
            to_part.write(message)
            await to_part.drain()

    async def _pass(self, moment: Moment, sql: str) -> None:
        for snare in self._snares:
            if snare.moment is moment and snare.words in sql and not snare.sprung.is_set():
                snare.sprung.set()
                if not await snare.spring():
                    raise Cut


async def _first_message(part: asyncio.StreamReader) -> bytes:
    """One without a letter before its length: how a connection begins."""
    length = await part.readexactly(4)
    return length + await part.readexactly(struct.unpack("!I", length)[0] - 4)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)


@asynccontextmanager
async def wire(port: int, postgres_port: int) -> AsyncIterator[Wire]:
    made = Wire(port, postgres_port)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
