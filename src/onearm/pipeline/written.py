"""Files that are written whole or not at all: each beside its place first, then renamed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> tuple[Path, ...]:
    """Write all files, by name below a folder, beside their places; then rename them all.

    Text is written as UTF-8 with LF. Raises OSError if one cannot be written:
    then none takes its place.
    """
    beside = {folder / name: folder / f"{name}.part" for name in files}
    for path in beside:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        for part, content in zip(beside.values(), files.values(), strict=True):
            part.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        for path, part in beside.items():
            os.replace(part, path)
    except OSError:
        for part in beside.values():
            part.unlink(missing_ok=True)
        raise
    return tuple(beside)
