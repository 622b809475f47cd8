"""``portal run``: starts the whole portal, says where to click, and stops it with the command that started it."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from operations.accounts import DemoAccount, kept
from operations.outside import Answer, NotInTime
from operations.stack import Obstacle, Stack
from shared.errors import PortalError

Seed = Callable[[Stack, Callable[[str], None]], Awaitable[None]]
"""Fills a fresh portal through its gateway, as an outside client; one that broke off continues where it was."""

WATCH_SECONDS = 2.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def serve(stack: Stack, console: Console, seed: Seed | None = None) -> None:
    """Runs until Ctrl-C, SIGTERM or the end of the terminal. Raises Obstacle where it cannot start or go on."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, ended.set)
    started = time.monotonic()
    work = asyncio.create_task(bring_up(stack, console, seed))
    stop_wanted = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait([work, stop_wanted], return_when=asyncio.FIRST_COMPLETED)
        if not ended.is_set():
            await work
            show(stack, console, time.monotonic() - started)
            await watch(stack, console, ended)
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError, Obstacle):
            await work
        console.print("Stopping …")
        await stack.stop()
        console.print("Stopped. Everything is kept for the next start.")


async def bring_up(stack: Stack, console: Console, seed: Seed | None) -> None:
    await stack.start()
    if seed is not None and not stack.state.seeded.exists():
        try:
            await seed(stack, lambda text: console.print(text, markup=False))
        except (Answer, NotInTime, PortalError) as refused:
            raise Obstacle(
                f"The demonstration data did not go in: {refused}\n"
                f"Look into {stack.state.logs}; start again with make run, and they go on where they broke off."
            ) from refused
        stack.state.seeded.touch()


async def watch(stack: Stack, console: Console, ended: asyncio.Event) -> None:
    """Until the end is wanted. Says when a part does not stay up; Obstacle if the supervisor itself was killed."""
    told: set[str] = set()
    while not ended.is_set():
        if not stack.is_alive:
            raise Obstacle("The supervisor was ended from outside, and the parts with it. Start again with make run.")
        with suppress(OSError):  # it may end between the question and the answer
            for name in set(await stack.fallen()) - told:
                told.add(name)
                console.print(f"{name} does not stay up; the others go on. Why: {stack.log(name)}", markup=False)
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), WATCH_SECONDS)


def show(stack: Stack, console: Console, seconds: float) -> None:
    """Where to click, how to sign in, how to trust the authority."""
    console.print()
    console.print(f"[bold]The portal runs[/bold] (up after {seconds:.0f} s)")
    places = Table.grid(padding=(0, 2))
    places.add_row("Portal", stack.public_url)
    places.add_row("API", f"{stack.public_url}/v1/openapi.json")
    if "mail" in stack.names:
        places.add_row("Mails it sent", stack.mail_url)
    if "processor" in stack.names:
        places.add_row("Payments", stack.processor_url)
    places.add_row("Logs", escape(str(stack.state.logs)))
    console.print(places)
    accounts = kept(stack.state)
    if accounts:
        console.print("Demo accounts: user name, password, whether a code is asked for, what for")
        widest = [max(len(one) for one in column) for column in zip(*map(account_row, accounts), strict=True)]
        for account in accounts:
            row = "  ".join(text.ljust(width) for text, width in zip(account_row(account), widest, strict=True))
            console.print(f"  {row.rstrip()}", markup=False)
        console.print(f"A code now: .venv/bin/portal code USER --state {escape(str(stack.state.folder))}")
    console.print(
        f"\nBrowsers warn until they trust this machine's authority, which can sign for localhost only:\n"
        f"  {escape(str(stack.state.authority))}\n"
        "  Firefox: Settings, Certificates, Authorities, Import. Chrome: chrome://certificate-manager, Custom.\n"
        f"  curl --cacert {escape(str(stack.state.authority))} {stack.public_url}/v1/practices"
    )
    console.print("\nCtrl-C stops everything.")


def account_row(account: DemoAccount) -> tuple[str, str, str, str]:
    """What the screen says of an account; not a table of rich, which cuts a password short on a narrow screen."""
    return account.user_name, account.password, "code" if account.totp_secret else "no code", account.who
