"""Being told to stop while something else fails: clients that are closed on a dead broker raise errors of their own."""

import asyncio


def end_if_cancelled() -> None:
    """To be called where an error is about to be survived: CancelledError if the task was told to stop meanwhile."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
