"""The mail catcher: takes every mail on loopback, keeps it, and shows it on a page. Nothing leaves the machine.

An address whose local part is ``bounce`` is refused, as a mailbox that does not exist is.
"""

import argparse
import asyncio
import html
from dataclasses import asdict
from pathlib import Path

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.files import private_folder
from deploy.local.mailbox import LINK, Mail, mails, read, store
from deploy.local.pages import page

HOST = "127.0.0.1"
REFUSED = "bounce"


class Catcher:
    """aiosmtpd's hooks: answers are SMTP's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.partition("@")[0].lower() == REFUSED:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        store(self._folder, content if isinstance(content, bytes) else (content or "").encode())
        return "250 OK"


def application(folder: Path) -> Starlette:
    """``/`` and ``/mails/{name}`` for people, ``/mails.json`` for programs; ``?to=`` narrows both lists."""

    def listed(request: Request) -> Response:
        to = request.query_params.get("to", "")
        rows = [row(mail) for mail in reversed(mails(folder, to))]
        about = f"Mails to {html.escape(to)}" if to else "All mails, newest first"
        return page("Mails", f"<p>{about}. Reload to look for new ones.</p>" + ("".join(rows) or "<p>None yet.</p>"))

    def one(request: Request) -> Response:
        name = request.path_params["name"]
        paths = {path.stem: path for path in folder.glob("*.eml")}
        if name not in paths:
            raise HTTPException(404)
        mail = read(paths[name])
        head = f"<p>To {addresses(mail)}<br>From {html.escape(mail.sender)}<br>{html.escape(mail.date)}</p>"
        return page(mail.subject, f'{head}<pre>{with_links(mail.text)}</pre><p><a href="/">All mails</a></p>')

    def as_json(request: Request) -> Response:
        found = mails(folder, request.query_params.get("to", ""))
        return JSONResponse({"mails": [{**asdict(mail), "links": mail.links} for mail in found]})

    private_folder(folder)
    routes = [Route("/", listed), Route("/mails.json", as_json), Route("/mails/{name}", one)]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=routes, middleware=[hosts])


def row(mail: Mail) -> str:
    subject = html.escape(mail.subject) or "(no subject)"
    about = f"{addresses(mail)}, {html.escape(mail.date)}"
    return f'<p><a href="/mails/{mail.name}">{subject}</a><br><small>{about}</small></p>'


def addresses(mail: Mail) -> str:
    return html.escape(", ".join(mail.to))


def with_links(text: str) -> str:
    """The text escaped, its web addresses clickable."""
    parts, end = [], 0
    for link in LINK.finditer(text):
        address = html.escape(link.group())
        parts += [html.escape(text[end : link.start()]), f'<a href="{address}" rel="noreferrer">{address}</a>']
        end = link.end()
    return "".join([*parts, html.escape(text[end:])])


async def serve(folder: Path, smtp_port: int, port: int) -> None:
    """Both servers until a signal ends them."""
    loop = asyncio.get_running_loop()
    smtp = await loop.create_server(
        lambda: SMTP(Catcher(folder), hostname="localhost", ident="Patient Portal", enable_SMTPUTF8=True, loop=loop),
        HOST,
        smtp_port,
    )
    config = uvicorn.Config(application(folder), host=HOST, port=port, log_level="warning", access_log=False)
    async with smtp:
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.folder, arguments.smtp_port, arguments.port))
