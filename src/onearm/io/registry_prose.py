"""Values that a registry record states in prose only: doses, cycles, endpoints.

Takes texts, gives a value with the words that it was read from, or why it was
not: a value is read only where the texts name exactly one. Knows no field of
a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from onearm.protocol.values import read_amount, read_days_of_cycle, read_positive_days


class Found(NamedTuple):
    """A value of a text with the words around it; without a value ``words`` say why."""

    value: str | None
    words: str


_DOSE = re.compile(
    r"(\d+(?:\.\d+)?) ?(mg)( ?/ ?(?:m2|m²|m\^2|kg))?(?! ?/|\w)|AUC(?: of| ?=)? ?(\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_CYCLE = re.compile(
    r"(\d+)[- ](week|day)s?[- ]cycles?\b|\bcycles? of (\d+) (week|day)s?\b|\bq(\d+)(w)\b"
    r"|\bevery (\d+) (week|day)s?\b",
    re.IGNORECASE,
)
_DAYS = re.compile(
    r"\b(?:days?|D) ?(\d+)(?: ?(?:-|–|to|through) ?D?(\d+))?((?:(?:, ?| ?(?:and|&) ?)D?\d+)*)",
    re.IGNORECASE,
)
_ROUTES = {
    "intravenous": r"intravenous(?:ly)?|\bi\.?v\.?\b|infusion",
    "oral": r"\borally\b|\boral\b|by mouth|\bp\.?o\.?\b",
    "subcutaneous": r"subcutaneous(?:ly)?",
    "intramuscular": r"intramuscular(?:ly)?",
}
ENDPOINTS = {  # abbreviations by their letters: "per os" is no survival
    "orr": r"(?i:objective response|overall response rate)|\bORR\b",
    "dcr": r"(?i:disease control)|\bDCR\b",
    "cbr": r"(?i:clinical benefit)|\bCBR\b",
    "dor": r"(?i:duration of (?:\w+ )?response)|\bD[oO]R\b",
    "ttr": r"(?i:time to (?:\w+ )?response)|\bTTR\b",
    "pfs": r"(?i:progression[- ]free survival)|\bPFS\b",
    "os": r"(?i:overall survival)|\bOS\b",
    "safety": r"(?i:adverse event|safety|toxicit|tolerab)",
    "pharmacokinetics": r"(?i:pharmacokinetic)",
    "quality_of_life": r"(?i:quality of life)",
    "biomarker": r"(?i:biomarker)",
}
_SENTENCE = re.compile(r"(?<=[.;])\s+(?=[A-Z])|\n+")
_NAME = re.compile(r"[A-Za-z][\w-]*(?: [A-Za-z][\w-]*){0,2}")


def endpoints_named(text: str) -> list[str]:
    """Return the endpoints that a text names, in the order in which it names them.

    >>> endpoints_named("Progression-Free Survival (PFS), Overall Survival (OS), and safety")
    ['pfs', 'os', 'safety']
    """
    places = {}
    for name, pattern in ENDPOINTS.items():
        if found := re.search(pattern, text):
            places[name] = found.start()
    return sorted(places, key=places.__getitem__)


def sentences_with(texts: Iterable[str], *words: str) -> list[str]:
    """Return the sentences that hold one of the words."""
    return [
        sentence.strip()
        for text in texts
        for sentence in _SENTENCE.split(text)
        if any(word in sentence.lower() for word in words)
    ]


def passages(texts: Iterable[str], name: str, names: Sequence[str]) -> list[str]:
    """Return what the texts say of one drug: from its name to the next drug or the sentence's end.

    Brackets right behind the name end it too.
    """
    others = "|".join(re.escape(other) for other in names)
    found = []
    for text in texts:
        for sentence in _SENTENCE.split(text):
            for start in re.finditer(rf"\b{re.escape(name)}\b", sentence, re.IGNORECASE):
                rest = sentence[start.end() :]
                brackets = re.match(r" ?(\([^()]*\))", rest)
                following = re.search(others, rest, re.IGNORECASE) if others else None
                end = following.start() if following else len(rest)
                found.append(brackets[1] if brackets else rest[:end])
    return found


def dose_in(texts: Iterable[str]) -> Found:
    """Return the one dose that the texts state.

    >>> dose_in(["(200 mg intravenously on Day 1 of each 3-week cycle)"]).value
    '200 mg'
    """
    return _only(
        (
            (f"AUC {m[4]}" if m[4] else f"{m[1]} mg{_per(m[3])}", text)
            for text in texts
            for m in _DOSE.finditer(text)
        ),
        read_amount,
    )


def _per(unit: str | None) -> str:
    kind = (unit or "").replace(" ", "").lower()
    return "" if not kind else "/kg" if kind == "/kg" else "/m2"


def cycle_in(texts: Iterable[str]) -> Found:
    """Return the one length of a cycle that the texts state: `3 weeks`.

    "every 6 weeks" counts where the sentence says nothing of assessments.
    """
    wanted = []
    for text in texts:
        for sentence in _SENTENCE.split(text):
            if re.search(r"assess|imag|scan|CT\b|follow|tumou?r eval", sentence, re.IGNORECASE):
                continue
            for m in _CYCLE.finditer(sentence):
                number, unit = [part for part in m.groups() if part]
                whole = "week" if unit.lower() in {"w", "week"} else "day"
                wanted.append((f"{number} {whole}{'' if number == '1' else 's'}", sentence))
    return _only(wanted, read_positive_days)


def days_in(texts: Iterable[str]) -> Found:
    """Return the days of a cycle: `1-14`.

    >>> days_in(["8 mg orally once daily on Days 1-14 of each 3-week cycle"]).value
    '1-14'
    """
    return _only(
        ((_span(m), text) for text in texts for m in _DAYS.finditer(text)), read_days_of_cycle
    )


def _span(match: re.Match[str]) -> str:
    first = f"{match[1]}-{match[2]}" if match[2] else match[1]
    return ", ".join([first, *re.findall(r"\d+", match[3] or "")])


def route_in(texts: Iterable[str]) -> Found:
    """Return the one route that the texts state."""
    return _only(
        (route, text)
        for text in texts
        for route, pattern in _ROUTES.items()
        if re.search(pattern, text, re.IGNORECASE)
    )


def _only(found: Iterable[tuple[str, str]], read: Callable[[object], object] = str) -> Found:
    """Return the one value of those that ``read`` accepts."""
    values: dict[str, str] = {}
    for value, words in found:
        with suppress(ValueError):
            read(value)
            values.setdefault(value, words)
    if len(values) == 1:
        ((value, words),) = values.items()
        return Found(value, " ".join(words.split()).strip("() ,"))
    return Found(None, f"its texts name several: {'; '.join(values)}" if values else "")


class NamedDrug(NamedTuple):
    """A drug of an intervention; drugs with one ``choice`` are alternatives."""

    name: str
    choice: str | None


def drugs_named(intervention: str) -> list[NamedDrug]:
    """Return the drugs of an intervention that names several.

    >>> [drug.name for drug in drugs_named("QL1706 , bevacizumab, cisplatin or carboplatin")]
    ['QL1706', 'bevacizumab', 'cisplatin', 'carboplatin']
    """
    parts = re.split(r"\s*[,+]\s*|\s+and\s+|\s+plus\s+", intervention.strip())
    drugs: list[NamedDrug] = []
    for part in parts:
        names = re.split(r"\s+or\s+", part)
        choice = "-or-".join(re.sub(r"[^a-z0-9]+", "-", n.lower()).strip("-") for n in names)
        drugs += [NamedDrug(name, choice if len(names) > 1 else None) for name in names]
    names = [drug.name for drug in drugs]
    are_names = all(_NAME.fullmatch(name) and not _DOSE.search(name) for name in names)
    if not are_names or len({name.lower() for name in names}) < len(names):
        return [NamedDrug(intervention.strip(), None)]
    return drugs
