"""The frame of the local stand-ins' pages: readable, without script, and plainly not the portal."""

import html

from starlette.responses import HTMLResponse

HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action *; base-uri 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1.25rem;
       color: #1c2733; background: #f7f8f9 }}
aside {{ font-size: .875rem; color: #56606b; border-bottom: 1px solid #d5dae0; padding-bottom: .5rem }}
h1 {{ font-size: 1.5rem; line-height: 1.3 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; background: #fff; padding: 1rem;
      border: 1px solid #d5dae0; border-radius: .375rem }}
button {{ font: inherit; padding: .5rem 1rem; margin: 0 .5rem .5rem 0; border: 1px solid #0b5a8a;
         border-radius: .375rem; background: #fff; color: #0b5a8a; cursor: pointer }}
button.first {{ background: #0b5a8a; color: #fff }}
a {{ color: #0b5a8a }} table {{ border-collapse: collapse }}
td, th {{ padding: .25rem .75rem .25rem 0; text-align: left }}
</style>
</head>
<body>
<aside>A stand-in on this machine; not part of the portal.</aside>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def page(title: str, body: str, status: int = 200) -> HTMLResponse:
    """``title`` is text; ``body`` is HTML whose texts are escaped already."""
    return HTMLResponse(FRAME.format(title=html.escape(title), body=body), status, headers=HEADERS)
