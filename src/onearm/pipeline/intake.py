"""``onearm intake``: a study's tables from the formats of others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onearm.errors import Finding, InputError
from onearm.format import count_of
from onearm.io.csv import write_table
from onearm.io.data_folder import SUFFIXES
from onearm.io.redcap_data import read_export
from onearm.io.redcap_dictionary import read_dictionary
from onearm.io.redcap_values import MISSING

MOST_LISTED = 100


@dataclass(frozen=True, slots=True)
class TakenIn:
    """The tables that were written, with what was noticed."""

    out: Path
    records: dict[str, int]
    findings: tuple[Finding, ...]

    def as_text(self) -> str:
        """Return each table with its rows, then the warnings and notes."""
        lines = [f"{count_of(len(self.records), 'table')} in {self.out / 'data'}"]
        lines += [f"  {name}.csv: {count_of(n, 'row')}" for name, n in self.records.items()]
        lines += [f"{one.severity}: {one}" for one in self.findings]
        if not (self.out / "protocol.yaml").is_file():
            lines.append(f"Next: write {self.out / 'protocol.yaml'}, then onearm check {self.out}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the same for a program."""
        return {
            "out": str(self.out),
            "records": self.records,
            "findings": [f"{one.severity}: {one}" for one in self.findings],
        }


def intake_redcap(
    export: Path, dictionary: Path, out: Path, missing: tuple[str, ...] = ()
) -> TakenIn:
    """Write the tables of a study from a REDCap export with its data dictionary.

    Parameters
    ----------
    export
        The records, raw or with labels.
    dictionary
        The data dictionary; its annotations say which column a field is.
    out
        The study folder; tables of the export are replaced, another one is an error.
    missing
        Missing-data codes beyond those that REDCap proposes.

    Raises
    ------
    InputError
        With every value that does not fit, each with record, event and field;
        then nothing is written.
    """
    data = out / "data"
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder, which need not exist yet; {out} is a file")
    fields = read_dictionary(dictionary)
    if not any(one.table for one in fields):
        words = "no field says which column it is; annotate them, such as 'onearm: lesions.date'"
        raise InputError(f"{dictionary}: {words}")
    codes = {code.strip() for code in missing} - {""}
    found = read_export(export, fields, MISSING | codes)
    own = {f"{name}.csv" for name in found.headers}
    held = [one.name for one in sorted(data.glob("*")) if one.suffix.lower() in SUFFIXES]
    if other := [name for name in held if name not in own]:
        words = "which this export has not; two sources would mix: choose another folder"
        raise InputError(f"{data}: holds {other[0]}, {words}")
    errors = [one for one in found.findings if one.severity == "error"]
    if errors:
        more = len(errors) - MOST_LISTED
        rest = [Finding("error", "more-errors", f"{more} more not listed")] if more > 0 else []
        raise InputError([*errors[:MOST_LISTED], *rest])
    data.mkdir(parents=True, exist_ok=True)
    for name, header in found.headers.items():
        rows = [[row[column] for column in header] for row in found.rows[name]]
        write_table(data / f"{name}.csv", header, rows)
    counts = {name: len(rows) for name, rows in found.rows.items()}
    return TakenIn(out, counts, tuple(found.findings))
