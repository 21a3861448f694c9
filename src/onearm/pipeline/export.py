"""``onearm export``: a study in the formats of others.

Each kind is a module that gives its tables and its texts; here they are
written, each table in every format that was asked for. Everything is made
before anything is written.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from onearm.errors import InputError, nearest
from onearm.format import count_of
from onearm.io.ascii import as_ascii
from onearm.io.csv import table_text
from onearm.io.dataset import Dataset

SUFFIXES = {"xpt": "xpt", "dataset-json": "json", "ndjson": "ndjson", "parquet": "parquet",
            "csv": "csv"}  # fmt: skip
TABLES = tuple(SUFFIXES)


class Exporter(NamedTuple):
    """What makes a kind: a function of a module in ``onearm.pipeline``, and its formats."""

    module: str
    function: str
    formats: tuple[str, ...]  # the first of them by default; empty where there is no table


KINDS = {
    "adam": Exporter("export_adam", "content", TABLES),
    "sdtm": Exporter("export_sdtm", "content", TABLES),
    "redcap": Exporter("export_redcap", "content", ()),
    "registry": Exporter("export_registry", "content", ()),
    "usdm": Exporter("export_usdm", "content", ()),
    "ars": Exporter("export_results", "ars", ()),
    "ard": Exporter("export_results", "ard", ("csv", "parquet")),
}
"""What can be written."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a kind consists of: tables, texts by file name, and what the user should know."""

    datasets: tuple[Dataset, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written where."""

    study: str
    kind: str
    written: tuple[Path, ...]
    records: Mapping[str, int]
    notes: tuple[str, ...]

    def as_text(self) -> str:
        """Return the files, with the records of each table, and the notes."""
        tables = [f"  {name}: {count_of(n, 'record')}" for name, n in self.records.items()]
        files = count_of(len(self.written), "file")
        where = self.written[0].parent if self.written else ""
        lines = [f"{self.study}, {self.kind}: {files} in {where}", *tables]
        lines += [f"  {one.name}" for one in self.written if one.stem.upper() not in self.records]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def as_json(self) -> dict[str, object]:
        """Return the same for a program."""
        return {
            "study": self.study,
            "kind": self.kind,
            "written": [str(path) for path in self.written],
            "records": dict(self.records),
            "notes": list(self.notes),
        }


def export_study(study: Path, kind: str, out: Path, formats: Sequence[str] = ()) -> Exported:
    """Write a study as one of ``KINDS``; every file goes under OUT.

    Parameters
    ----------
    study
        The study folder.
    kind
        What to write, one of ``KINDS``.
    out
        The folder; it need not exist yet. Files that are not written stay.
    formats
        Formats of the tables; by default the first of the kind.

    Raises
    ------
    InputError
        If the study cannot be analysed, kind or format is unknown, OUT is a
        file, or a value does not fit the format.
    """
    _one_of("kind", kind, KINDS)
    exporter = KINDS[kind]
    formats = tuple(formats) or exporter.formats[:1]
    for name in formats:
        _one_of(f"format of {kind}", name, exporter.formats)
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder, which need not exist yet; {out} is a file")
    module = import_module(f"onearm.pipeline.{exporter.module}")
    content: Content = getattr(module, exporter.function)(study, formats)
    if not content.datasets and not content.texts:
        raise InputError(f"{study / 'data'}: no subject; there is nothing to write as {kind}")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".export-") as beside:
        notes = [*content.notes, *_write(content, Path(beside), formats)]
        made = sorted(Path(beside).iterdir())
        written = tuple(Path(shutil.move(path, out / path.name)) for path in made)
    records = {dataset.name: len(dataset) for dataset in content.datasets}
    return Exported(study.resolve().name, kind, written, records, tuple(notes))


def _one_of(what: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        allowed = f"one of {', '.join(known)}" if known else "left out"
        raise InputError(f"{what} must be {allowed}; got {name!r}{nearest(name, known)}")


def _write(content: Content, folder: Path, formats: Sequence[str]) -> list[str]:
    notes: list[str] = []
    for name in formats:
        write = _writer(name)
        for dataset in content.datasets:
            written = dataset
            if name == "xpt":
                written, respelled = as_ascii(dataset)
                notes += respelled
            write(written, folder / f"{dataset.name.lower()}.{SUFFIXES[name]}")
    for file, text in content.texts.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    return notes


def _writer(name: str) -> Callable[[Dataset, Path], None]:
    if name == "xpt":
        from onearm.io.xpt import write_xpt

        return write_xpt
    if name == "parquet":
        from onearm.io.parquet import write_parquet

        return write_parquet
    if name == "csv":
        return _write_csv
    from onearm.io.dataset_json import write_dataset_json

    return write_dataset_json


def _write_csv(dataset: Dataset, path: Path) -> None:
    path.write_text(table_text(dataset.names, dataset.rows()), encoding="utf-8", newline="\n")
