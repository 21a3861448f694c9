"""Days as an iCalendar file (RFC 5545), for the calendar program of a site.

Takes whole-day entries, gives text with CRLF line ends and lines of at most 75
octets. The same entries give the same bytes: identifiers come from the
entries, and DTSTAMP, which the standard requires, is the entry's own first
day. Knows no drug.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from onearm.io.csv import write_whole

PRODUCT = "-//onearm//dosing calendar//EN"
MOST_OCTETS = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n", "\r": None})


class Entry(NamedTuple):
    """Something on one or more whole days; ``key`` tells it from every other entry."""

    key: str
    first_date: dt.date
    last_date: dt.date
    summary: str
    description: str


def calendar_text(name: str, entries: Iterable[Entry]) -> str:
    """Return a calendar as text."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    lines.append(f"X-WR-CALNAME:{_escaped(name)}")
    for entry in entries:
        lines += _event(name, entry)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _event(name: str, entry: Entry) -> Iterator[str]:
    after = entry.last_date + dt.timedelta(days=1)  # the end of a whole-day entry is exclusive
    digest = sha256(f"{name}\n{entry.key}".encode()).hexdigest()[:32]
    yield "BEGIN:VEVENT"
    yield f"UID:{digest}@onearm"
    yield f"DTSTAMP:{entry.first_date:%Y%m%d}T000000Z"
    yield f"DTSTART;VALUE=DATE:{entry.first_date:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{after:%Y%m%d}"
    yield f"SUMMARY:{_escaped(entry.summary)}"
    yield f"DESCRIPTION:{_escaped(entry.description)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _folded(line: str) -> Iterator[str]:
    """Yield a line in pieces of at most 75 octets; no character is cut."""
    piece, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > MOST_OCTETS:
            yield piece
            piece, size = " ", 1
        piece, size = piece + character, size + width
    yield piece


def write_calendar(path: Path, name: str, entries: Iterable[Entry]) -> None:
    """Write a calendar, whole or not at all: beside ``path`` first, then in its place."""
    write_whole(path, calendar_text(name, entries))
