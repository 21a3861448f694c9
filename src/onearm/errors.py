"""What can go wrong, and where.

    OnearmError              everything that onearm raises on purpose
    +-- InputError           a file, a folder or a value in it; carries its findings
    +-- StatError            an impossible argument to a statistic
    +-- DesignError          an impossible or contradictory design
    +-- ResultError          a result, table or figure that does not exist

A ``Finding`` is one problem in words; a ``Place`` says where it was found. An
error quotes what it found as it stood. Knows no file format and no rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "note"]


HINT = "; did you mean "


class Place(NamedTuple):
    """Where something stands; lines and columns count from 1."""

    file: str
    line: int | None = None
    column: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        numbers = [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join([self.file, *numbers])


class Finding(NamedTuple):
    """One problem: what was found, what is allowed, and where.

    An ``error`` stops the work, a ``warning`` is listed in the report, a
    ``note`` informs. ``code`` is a stable name, such as ``missing-column``.
    """

    severity: Severity
    code: str
    message: str
    place: Place | None = None
    subject_id: str | None = None

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        message, mark, hint = self.message.partition(HINT)
        whom = f" for subject {self.subject_id}" if self.subject_id else ""
        return f"{where}{message}{whom}{mark}{hint}"


class OnearmError(Exception):
    """Base of every error that onearm raises on purpose."""


class InputError(OnearmError):
    """Something in the input cannot be used; one finding a problem, one line each."""

    def __init__(self, findings: Iterable[Finding] | str) -> None:
        if isinstance(findings, str):
            findings = [Finding("error", "input", findings)]
        self.findings: tuple[Finding, ...] = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


class StatError(OnearmError):
    """An impossible argument to a statistic."""


class DesignError(OnearmError):
    """An impossible or contradictory design."""


class ResultError(OnearmError):
    """A result, table or figure that does not exist."""


def nearest(found: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name nearest to ``found``, or ``""``."""
    names = {name.lower(): name for name in known}
    near = get_close_matches(found.lower(), names, n=1, cutoff=0.6)
    return f"{HINT}{names[near[0]]!r}?" if near else ""
