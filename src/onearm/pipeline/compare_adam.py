"""Another program's analysis data sets beside ours, record by record: what differs, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from onearm.errors import InputError
from onearm.format import NOT_APPLICABLE, text_table
from onearm.io.adam_compare import KEYS, Difference, PairedSet, compare_folders
from onearm.io.data_folder import SUFFIXES, DataFolder, Table, read_file, read_folder
from onearm.pipeline.export_adam import adam_of
from onearm.pipeline.run import analyse

SHOWN = 20
TOLERANCE = "Equal: numbers to six digits, a time in months to half a day, all else exactly"
HEADER = ("Subject", "Parameter", "Day", "Variable", "Ours", "Theirs", "What it means")


@dataclass(frozen=True, slots=True)
class AdamCompared:
    """Every data set of both, with its differences."""

    ours: str
    theirs: str
    sets: tuple[PairedSet, ...]

    @property
    def exit_status(self) -> int:
        """1 when anything differs."""
        return int(any(one.differences for one in self.sets))

    def as_text(self) -> str:
        """Return the records that pair, the differences by variable, and the first of each set."""
        rows = [
            (one.name, str(one.paired), str(one.only_ours), str(one.only_theirs),
             str(len(one.variables)), str(len(one.differences)))
            for one in self.sets
        ]  # fmt: skip
        header = ("Data set", "Paired", "Only ours", "Only theirs", "Variables", "Differences")
        parts = [f"{self.ours} beside {self.theirs}", "", text_table(header, rows)]
        for one in self.sets:
            if one.differences:
                parts += ["", f"{one.name}: {_counted(one)}", _table(one.differences[:SHOWN])]
                if len(one.differences) > SHOWN:
                    parts.append(f"and {len(one.differences) - SHOWN} more; --json lists all")
        return "\n".join([*parts, "", TOLERANCE])

    def as_json(self) -> dict[str, object]:
        """Return the same for a program, every difference an object."""
        return {
            "ours": self.ours,
            "theirs": self.theirs,
            "tolerance": TOLERANCE,
            "sets": [
                {**asdict(one), "variables": list(one.variables)}
                | {"differences": [asdict(found) for found in one.differences]}
                for one in self.sets
            ],
        }


def _counted(one: PairedSet) -> str:
    counts = Counter(found.variable or "records" for found in one.differences)
    return ", ".join(f"{name} {n}" for name, n in counts.most_common())


def _table(differences: tuple[Difference, ...]) -> str:
    rows = [
        (one.subject, one.parameter or "", one.day or "", one.variable or "",
         one.ours or NOT_APPLICABLE, one.theirs or NOT_APPLICABLE, one.meaning)
        for one in differences
    ]  # fmt: skip
    return text_table(HEADER, rows)


def is_adam(path: Path) -> bool:
    """Return whether a path holds analysis data sets: a folder of them, or one file."""
    if path.is_dir():
        return not (path / "protocol.yaml").is_file() and any(_named(one) for one in path.iterdir())
    return path.is_file() and _named(path)


def _named(path: Path) -> bool:
    return path.stem.upper() in KEYS and path.suffix.lower() in SUFFIXES


def compare_adam(source: Path, other: Path) -> AdamCompared:
    """Set analysis data sets of another program beside those of a study, or of a folder.

    Raises
    ------
    InputError
        If a folder or file cannot be read, or both share no data set.
    """
    ours = read_folder(source) if is_adam(source) else _own(source)
    theirs = _read(other)
    for folder in (ours, theirs):
        if folder.findings:
            raise InputError(folder.findings)
    sets = compare_folders(ours, theirs)
    if not sets:
        found = ", ".join(theirs.tables)
        raise InputError(f"{other}: shares no data set with {source}; it holds {found}")
    return AdamCompared(str(source), str(other), tuple(sets))


def _read(path: Path) -> DataFolder:
    if path.is_dir():
        return read_folder(path)
    table = read_file(path)
    return DataFolder(path.parent, {table.name: table})


def _own(study: Path) -> DataFolder:
    """Return the data sets of a study, at hand and unwritten."""
    tables: Mapping[str, Table] = {
        one.name: Table(one.name.lower(), one, dict(zip(one.names, one.columns, strict=True)))
        for one in adam_of(analyse(study)).datasets
    }
    return DataFolder(study, tables)
