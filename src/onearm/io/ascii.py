"""Texts for a format that knows ASCII only: the usual spelling of a letter that is not.

Takes a data set, gives it with its texts in ASCII and says what was respelled.
What has no usual spelling stays, and the writer of the format refuses it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from onearm.io.dataset import Dataset, Value

_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho"
SPELLED = {
    **dict(zip("αβγδεζηθικλμνξοπρ", _GREEK.split(), strict=True)),
    "σ": "sigma",
    "ς": "sigma",
    "τ": "tau",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "≥": ">=",
    "≤": "<=",
    "±": "+/-",
    "×": "x",
    "–": "-",
    "—": "-",
    "‑": "-",
    "−": "-",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "…": "...",
    "µ": "u",
    "°": " deg",
    "\xa0": " ",
    "ß": "ss",
    "ø": "o",
    "Ø": "O",
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "ł": "l",
    "Ł": "L",
}


def as_ascii(dataset: Dataset) -> tuple[Dataset, list[str]]:
    """Return the data set with its texts in ASCII, and a sentence a respelled variable.

    Labels are respelled too.
    """
    variables = tuple(replace(one, label=spelled(one.label)) for one in dataset.variables)
    columns, notes = [], []
    for variable, column in zip(dataset.variables, dataset.columns, strict=True):
        plain, changed = _column(column) if variable.kind == "text" else (column, {})
        columns.append(plain)
        if changed:
            old, new = next(iter(changed.items()))
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            notes.append(f"{dataset.name}.{variable.name}: {old!r} is written {new!r}{more}")
    return replace(dataset, variables=variables, columns=tuple(columns)), notes


def _column(column: Sequence[Value]) -> tuple[Sequence[Value], dict[str, str]]:
    strange = {v for v in set(column) if isinstance(v, str) and not v.isascii()}
    changed = {text: new for text in sorted(strange) if (new := spelled(text)) != text}
    return [changed.get(v, v) if isinstance(v, str) else v for v in column], changed


def spelled(text: str) -> str:
    """Return a text with each letter beyond ASCII in its usual spelling, where it has one.

    >>> spelled("Elevated γ-glutamyltransferase ≥ 3×"), spelled("Gómez"), spelled("贫血")
    ('Elevated gamma-glutamyltransferase >= 3x', 'Gomez', '贫血')
    """
    return text if text.isascii() else "".join(map(_spelled, text))


def _spelled(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in SPELLED:
        return SPELLED[letter]
    parts = unicodedata.normalize("NFKD", letter)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return bare if bare.isascii() and bare else letter
