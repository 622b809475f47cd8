"""The ``portal`` command: what whoever runs a portal does from the command line."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from deploy.local.commands import CommandFailed
from deploy.local.mailbox import mails
from operations.accounts import code as current_code
from operations.accounts import kept
from operations.keeping import commands as keeping
from operations.keeping import fail
from operations.looking import commands as looking
from operations.run import serve
from operations.seconding import commands as seconding
from operations.settings import BASE, ROOT, External
from operations.stack import Obstacle, Ports, Stack, State

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(keeping)
app.add_typer(looking)
app.add_typer(seconding)
console = Console(highlight=False, soft_wrap=True)

Folder = Annotated[Path, typer.Option("--state", help="The folder that holds all this portal keeps.")]
HERE = ROOT / ".portal"


@app.command()
def run(
    ports: Annotated[int, typer.Option(help="The first of the ports; the gateway takes the fourth.")] = BASE,
    state: Folder = HERE,
) -> None:
    """Start everything, show where to click, and stop with Ctrl-C."""
    try:
        external = External()
    except ValidationError as error:
        fail("\n".join(str(mistake["msg"]) for mistake in error.errors()))
    stack = Stack(state, Ports.from_base(ports), external=external, say=lambda text: console.print(text, markup=False))
    try:
        asyncio.run(serve(stack, console, fill))
    except (Obstacle, CommandFailed) as obstacle:
        fail(str(obstacle))


async def fill(stack: Stack, say: Callable[[str], None]) -> None:
    """Puts the demonstration data in."""
    from operations.seed import seed  # noqa: PLC0415 - a fresh portal's only: its samples take seconds to load

    await seed(stack, say)


@app.command()
def mail(
    address: Annotated[str, typer.Argument(help="Only mails to this address.")] = "", state: Folder = HERE
) -> None:
    """Print the mails that the portal sent, oldest first."""
    found = mails(State(state.absolute()).mails, address)
    for caught in found:
        console.print(f"To: {', '.join(caught.to)}\nSubject: {caught.subject}\nDate: {caught.date}\n", markup=False)
        console.print(caught.text.rstrip(), markup=False)
        console.print("-" * 72)
    if not found:
        console.print("No mail yet.")


@app.command()
def code(user_name: Annotated[str, typer.Argument(help="A demo account.")], state: Folder = HERE) -> None:
    """Print the current code of a demo account's second factor."""
    place = State(state.absolute())
    try:
        console.print(current_code(place, user_name))
    except KeyError:
        names = ", ".join(account.user_name for account in kept(place) if account.totp_secret)
        fail(f"No demo account {user_name} with a second factor here. There are: {names or 'none'}")


if __name__ == "__main__":
    app()
