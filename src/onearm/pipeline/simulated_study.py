"""``onearm simulate --write-study``: one simulated trial as a study folder.

Writes the protocol with the day of the simulated data cut, the tables, and
where they come from; `onearm run` analyses the folder like a real one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onearm.clinical.records import TABLES, Subject, columns
from onearm.errors import InputError
from onearm.format import count_of, millimetres
from onearm.io.csv import write_table
from onearm.pipeline.simulate import Options, load_scenario
from onearm.sim.plan import Plan
from onearm.sim.records import trial_records

CUTOFF = re.compile(r"^(  data_cutoff:).*$", re.MULTILINE)
MARK = "Drawn by `onearm simulate`"
STUDY = re.compile(r"^study:[^\n]*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WrittenStudy:
    """What was written, and how to go on."""

    folder: Path
    rows: dict[str, int]
    cut: dt.date
    trial: int

    def as_text(self) -> str:
        """Return what the folder holds and the command that analyses it."""
        patients = count_of(self.rows["subjects"], "patient")
        rows = ", ".join(f"{name} {n}" for name, n in self.rows.items())
        return "\n".join(
            [
                f"{self.folder}: trial {self.trial}, {patients}, data cut {self.cut}",
                f"Rows: {rows}",
                f"Analyse it: onearm run {self.folder} --out out",
            ]
        )

    def as_json(self) -> dict[str, object]:
        """Return folder, number of trial, data cut and rows a table."""
        return {
            "folder": str(self.folder),
            "trial": self.trial,
            "data_cutoff": self.cut.isoformat(),
            "rows": self.rows,
        }


def write_study(path: Path, folder: Path, options: Options, trial: int = 0) -> WrittenStudy:
    """Write one trial of a scenario as a study folder.

    Raises
    ------
    InputError
        If the folder holds anything, or the scenario cannot be used.
    """
    _check_folder(folder)
    if trial < 0:
        raise InputError(f"--trial must be at least 0; got {trial}")
    loaded = load_scenario(path)
    plan = Plan(
        loaded.protocol, loaded.scenario, options.seed, with_irecist=loaded.protocol.response.also
        is not None
    )  # fmt: skip
    found = trial_records(plan, trial)
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for old in (folder / "data").glob("*.csv"):  # of an earlier simulation, as was checked
        old.unlink()
    text = (loaded.study / "protocol.yaml").read_text(encoding="utf-8")
    (folder / "protocol.yaml").write_text(_with_cut(text, found.cut), encoding="utf-8")
    (folder / "SOURCE.md").write_text(
        f"# {loaded.protocol.study.id}, simulated\n\n"
        f"{MARK}, not observed: scenario `{loaded.scenario.id}`, seed "
        f"{options.seed}, trial {trial}. Every row is marked SIMULATED.\n",
        encoding="utf-8",
    )
    for record in TABLES:
        if record.TABLE in found.tables:
            header, rows = _table(record, found.tables[record.TABLE])
            write_table(folder / "data" / f"{record.TABLE}.csv", header, rows)
    counts = {name: len(rows) for name, rows in found.tables.items()}
    return WrittenStudy(folder, counts, found.cut, trial)


def _check_folder(folder: Path) -> None:
    """Raise an error where the folder holds anything but an earlier simulated study."""
    source = folder / "SOURCE.md"
    is_ours = source.is_file() and MARK in source.read_text(encoding="utf-8", errors="replace")
    if folder.exists() and not is_ours and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"--write-study needs a new or an empty folder; {folder} holds something")


def _with_cut(protocol: str, cut: dt.date) -> str:
    """Return the text of the protocol with another data cut-off."""
    if CUTOFF.search(protocol):
        return CUTOFF.sub(rf"\1 {cut}", protocol, count=1)
    return STUDY.sub(lambda found: f"{found[0]}  data_cutoff: {cut}\n", protocol, count=1)


def _table(record: type[Any], rows: Sequence[Any]) -> tuple[list[str], list[list[object]]]:
    about = [
        (field, column)
        for field, column in zip(_fields(record), columns(record), strict=True)
        if not rows or any(getattr(row, field) is not None for row in rows)
    ]
    names = list(rows[0].characteristics) if record is Subject and rows else []
    header = [column.name for _, column in about] + names + ["data_origin"]
    return header, [
        [_cell(column.kind, getattr(row, field)) for field, column in about]
        + [row.characteristics[name] for name in names]
        + ["SIMULATED"]
        for row in rows
    ]


def _fields(record: type[Any]) -> list[str]:
    return [name for name, of in record.__dataclass_fields__.items() if "column" in of.metadata]


def _cell(kind: str, value: Any) -> object:
    if value is None:
        return None
    if kind == "length":
        return millimetres(value)
    if kind == "yes-no":
        return "Y" if value else "N"
    if kind == "names":
        return "; ".join(value) or None
    return value
