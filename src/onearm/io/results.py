"""``results.json``: every result and every basis, one a line, and back again.

The same results give the same bytes. A source is written as ``file:line``
ranges; the natural keys stand in the derived tables.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from onearm.clinical.records import Source
from onearm.errors import Finding, InputError, Place, ResultError
from onearm.results.model import Basis, Contribution, Results, Row, check_rows
from onearm.terms import Kind

FORMAT_VERSION = 1
OPTIONAL = (
    "item", "value", "code", "date", "unit", "level", "method", "note", "label", "basis", "formula",
)  # fmt: skip


def results_text(study_id: str, results: Results) -> str:
    """Return the text of ``results.json``."""
    rows = ",\n".join(_dump(_row(row)) for row in results.rows)
    bases = ",\n".join(_dump(_basis(basis)) for basis in results.bases.values())
    head = f'"format": {FORMAT_VERSION},\n"study": {json.dumps(study_id)}'
    return f'{{{head},\n"results": [\n{rows}\n],\n"bases": [\n{bases}\n]}}\n'


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _row(row: Row) -> dict[str, object]:
    about: dict[str, object] = {
        "id": row.id,
        "analysis": row.analysis,
        "variant": row.variant,
        "set": row.set,
        "group": row.group,
        "statistic": row.statistic,
        "kind": row.kind,
    }
    for name in OPTIONAL:
        value = getattr(row, name)
        if value is not None or name == "value":
            about[name] = value.isoformat() if isinstance(value, dt.date) else value
    return about


def _basis(basis: Basis) -> dict[str, object]:
    return {
        "id": basis.id,
        "numerator": basis.numerator,
        "denominator": basis.denominator,
        "subjects": [
            {
                "subject_id": one.subject_id,
                "role": one.role,
                "value": one.value,
                "reason": one.reason,
                "sources": [[source.file, source.line] for source in one.sources],
            }
            for one in basis.contributions
        ],
    }


def read_results(path: Path) -> Results:
    """Read ``results.json``.

    Raises
    ------
    InputError
        If the file is missing, no JSON, of another format, or holds no results or incomplete ones.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _bad(path, "no such file") from None
    except IsADirectoryError:
        raise _bad(path, "is a folder; a results.json is needed") from None
    except UnicodeDecodeError:
        raise _bad(path, "is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise _bad(path, f"is not JSON: {error.msg}", error.lineno, error.colno) from None
    except RecursionError:
        raise _bad(path, "is nested too deep to be results") from None
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise _bad(path, 'must hold an object with a list "results"')
    if content.get("format") != FORMAT_VERSION:
        allowed = f'"format" must be {FORMAT_VERSION}; got {json.dumps(content.get("format"))[:40]}'
        raise _bad(path, f"{allowed}; write it anew with  onearm run")
    rows = tuple(_read_row(path, found) for found in content["results"])
    try:
        check_rows(rows)
    except ResultError as error:
        raise _bad(path, str(error)) from None
    bases = content.get("bases", [])
    if not isinstance(bases, list):
        raise _bad(path, '"bases" must be a list')
    return Results(rows, {basis.id: basis for basis in (_read_basis(path, one) for one in bases)})


def _bad(
    path: Path, problem: str, line: int | None = None, column: int | None = None
) -> InputError:
    return InputError([Finding("error", "results-file", problem, Place(str(path), line, column))])


def _read_row(path: Path, found: Any) -> Row:
    try:
        given = {name: found.get(name) for name in OPTIONAL}
        if given["value"] is not None and type(given["value"]) not in (int, float):
            raise TypeError(f"value must be a number; got {given['value']!r}")
        if given["date"] is not None:
            given["date"] = dt.date.fromisoformat(given["date"])
        return Row(
            id=found["id"],
            analysis=found["analysis"],
            variant=found["variant"],
            set=found["set"],
            group=found["group"],
            statistic=found["statistic"],
            kind=Kind(found["kind"]),
            **given,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = found.get("id") if isinstance(found, dict) else found
        raise _bad(path, f"result {name!r} is not complete: {error}") from None


def _read_basis(path: Path, found: Any) -> Basis:
    try:
        contributions = tuple(
            Contribution(
                about["subject_id"],
                about["role"],
                about["value"],
                about["reason"],
                tuple(Source(file, (), line) for file, line in about["sources"]),
            )
            for about in found["subjects"]
        )
        return Basis(found["id"], found["numerator"], found["denominator"], contributions)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        name = found.get("id") if isinstance(found, dict) else found
        raise _bad(path, f"basis {name!r} is not complete: {error}") from None
