"""How a command answers: it prints what a verb returned, or one line for what is wrong."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Protocol

import typer

from onearm.errors import OnearmError


class Answer(Protocol):
    """What every verb of ``onearm.pipeline`` returns."""

    def as_text(self) -> str:
        """Return the answer for a reader."""

    def as_json(self) -> object:
        """Return the answer as lists, dictionaries, strings, numbers and None."""


@contextmanager
def one_line_errors(*, options_of: Callable[..., None] | None = None) -> Iterator[None]:
    """Turn an error that has its reason in the input into its own words and exit status 1.

    An ``InputError`` with several findings prints one line for each. ``options_of``: the
    command, where what was wrong came from its options, so that theta_t is called --theta-t,
    as the user wrote it.
    """
    try:
        yield
    except OnearmError as error:
        message = str(error)
        _stop(_as_options(message, options_of) if options_of else message, 1)
    except (
        BrokenPipeError
    ):  # the reader has seen enough (``onearm ... | head``); typer ends quietly
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _stop(f"{where}{error.strerror or error}", 1)
    except KeyboardInterrupt:
        _stop("interrupted", 130)


def _as_options(message: str, command: Callable[..., None]) -> str:
    from inspect import signature

    known = signature(command).parameters
    return re.sub(
        r"\b[a-z0-9]+_[a-z0-9_]+\b",
        lambda found: f"--{found[0].replace('_', '-')}" if found[0] in known else found[0],
        message,
    )


def _stop(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status) from None


def print_answer(answer: Answer, as_json: bool, plot: Path | None = None) -> None:
    """Print an answer, after its figure was written; what that shows goes to standard error."""
    if plot is not None:
        from onearm.pipeline.plot import plot as draw

        typer.echo(draw(answer, plot).as_text(), err=True)
    if as_json:
        sys.stdout.writelines(_json_lines(answer.as_json()))
    else:
        sys.stdout.write(answer.as_text().rstrip("\n"))
    sys.stdout.write("\n")
    sys.stdout.flush()  # here, where a closed pipe is still caught


def _json_lines(value: object) -> Iterator[str]:
    """Yield JSON; a list stands one record a line, so that a long one is never held as text."""
    if not isinstance(value, list):
        yield json.dumps(value, ensure_ascii=False, indent=1)
        return
    yield "["
    encode = json.JSONEncoder(ensure_ascii=False).encode
    for index, record in enumerate(value):
        yield ",\n" if index else "\n"
        yield encode(record)
    yield "\n]"


@contextmanager
def progress_shown(quiet: bool) -> Iterator[Callable[[str], None]]:
    """Give a function that shows the step at work, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
