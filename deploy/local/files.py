"""Private files: folders 0700, files 0600, each written whole or not at all."""

import os
import tempfile
from pathlib import Path


def private_folder(folder: Path) -> Path:
    """Makes the folder, and those above it that are missing, readable by its owner only."""
    if not folder.parent.exists():
        private_folder(folder.parent)  # mkdir's own parents would be open to all
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Writes the file under another name and moves it into place: a crash leaves the old file, or none."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
