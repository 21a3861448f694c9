"""The records of a study as the CSV that REDCap imports.

Takes the rows of each table as text, gives first each person, then the instances
of each repeating instrument, with choices by their codes. Reads nothing.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from onearm.io.redcap_dictionary import INSTANCE, INSTRUMENT, ONCE, RECORD, RedcapField


def import_text(
    fields: Sequence[RedcapField], rows: Mapping[str, Sequence[Mapping[str, str]]]
) -> tuple[str, list[str]]:
    """Return records as the CSV that REDCap takes, and what does not fit a field's choices.

    ``rows`` holds the texts of each table, by column, with ``subject_id``.
    """
    by_table: dict[str, list[RedcapField]] = {}
    for one in fields:
        if one.table:
            by_table.setdefault(one.table, []).append(one)
    names = [name for one in fields[1:] for name in _stored(one)]
    misfits: list[str] = []
    text = io.StringIO()
    done = [f"{table}_complete" for table in ONCE if table in by_table]
    header = [RECORD, INSTRUMENT, INSTANCE, *names, *done]
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    for found in _records(by_table, rows, misfits):
        writer.writerow(found)
    return text.getvalue(), misfits


def _stored(one: RedcapField) -> list[str]:
    return (
        [f"{one.name}___{code}" for code in one.choices] if one.kind == "checkbox" else [one.name]
    )


def _records(
    by_table: Mapping[str, Sequence[RedcapField]],
    rows: Mapping[str, Sequence[Mapping[str, str]]],
    misfits: list[str],
) -> Iterator[dict[str, str]]:
    """Yield the rows of an import: first each person, then the instances of each instrument."""
    people: dict[str, dict[str, str]] = {}
    for table in ONCE:
        for row in rows.get(table, ()):
            own = people.setdefault(row["subject_id"], {RECORD: row["subject_id"]})
            own |= _cells(by_table[table], row, misfits) | {f"{table}_complete": "2"}
    yield from people.values()
    for table, fields in by_table.items():
        instances: Counter[str] = Counter()
        for row in rows.get(table, ()) if table not in ONCE else ():
            who = row["subject_id"]
            instances[who] += 1
            yield {
                RECORD: who, INSTRUMENT: table, INSTANCE: str(instances[who]),
                **_cells(fields, row, misfits),
            }  # fmt: skip


def _cells(
    fields: Sequence[RedcapField], row: Mapping[str, str], misfits: list[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in fields:
        text = row.get(str(one.column), "")
        if one.kind == "checkbox":
            names = [part.strip() for part in text.split(";") if part.strip()]
            for code, label in one.choices.items():
                found[f"{one.name}___{code}"] = "1" if label in names else "0"
            misfits += [f"{one.name}: {name}" for name in names if name not in one.choices.values()]
        elif one.kind == "yesno":
            found[one.name] = {"Y": "1", "N": "0"}.get(text, "")
        elif one.choices:
            codes = {label: code for code, label in one.choices.items()}
            found[one.name] = codes.get(text, "")
            if text and text not in codes:
                misfits.append(f"{one.name}: {text}")
        else:
            found[one.name] = text
    return found
