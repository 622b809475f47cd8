"""The ``portal`` command where others run the parts: what keeps a portal, without what starts one."""

import typer

from operations.keeping import commands as keeping
from operations.looking import commands as looking
from operations.seconding import commands as seconding

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
app.add_typer(keeping)
app.add_typer(looking)
app.add_typer(seconding)

if __name__ == "__main__":
    app()
