"""Tagged PDFs (PDF/UA-1) from a Typst template and plain data; data never become markup."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import orjson
import typst

_RENDERING = asyncio.Semaphore(2)
"""Rendering takes some 10 ms of a core; more at once than cores would only starve the event loop."""


async def tagged_pdf(template: Path, data: Mapping[str, object]) -> bytes:
    """Renders ``template``, which reads ``data`` as JSON from ``sys.inputs.data``.

    The template sets ``#set document(title: …)`` and the language, both of which PDF/UA-1 demands. What comes
    from outside stays a string there: nothing in it is read as Typst.
    """
    async with _RENDERING:
        return await asyncio.to_thread(_render, template, orjson.dumps(data).decode())


def _render(template: Path, data: str) -> bytes:
    made = typst.compile(
        template,
        root=template.parent,
        format="pdf",
        sys_inputs={"data": data},
        pdf_standards="ua-1",
        ignore_system_fonts=True,
    )
    if not isinstance(made, bytes):
        raise TypeError("expected one PDF as bytes")
    return made
