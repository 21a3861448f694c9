"""What an optional format needs, and how to install it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from onearm.errors import InputError


@contextmanager
def need(what: str) -> Iterator[None]:
    """Turn a package of an extra that is missing into one line that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "onearm":
            raise
        raise InputError(
            f"{what} needs {error.name}, which is not installed: pip install 'onearm[report]'"
        ) from None
