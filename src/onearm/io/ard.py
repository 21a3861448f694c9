"""Results as one long table, a row a number: an ARD, with the columns of R's cards.

``group1`` and ``group1_level`` name the subgroup, ``variable`` the analysis,
``variable_level`` the item, ``context`` the kind of analysis, ``stat_name`` and
``stat`` the number, ``stat_fmt`` how it is printed; ``result_id`` and the
columns after it are ours, so that nothing is lost: ``ard_rows`` gives the
results back.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from onearm.errors import InputError
from onearm.io.dataset import Dataset, Value, Variable, refuse
from onearm.io.dataset import Kind as ColumnKind
from onearm.io.parquet import read_parquet
from onearm.results.model import Row
from onearm.terms import Kind

COLUMNS: tuple[tuple[str, ColumnKind, str], ...] = (
    ("group1", "text", "Grouping: GROUP where the number is of a subgroup"),
    ("group1_level", "text", "The subgroup"),
    ("variable", "text", "Analysis"),
    ("variable_level", "text", "Item"),
    ("context", "text", "Kind of analysis"),
    ("stat_name", "text", "Statistic"),
    ("stat_label", "text", "Statistic in words"),
    ("stat", "float", "Value of a number"),
    ("stat_text", "text", "Value of a code or a date"),
    ("stat_fmt", "text", "As printed"),
    ("warning", "text", "Why there is no value"),
    ("result_id", "text", "Name of the result"),
    ("variant", "text", "Variant of the analysis"),
    ("analysis_set", "text", "Analysis set"),
    ("group_id", "text", "Group"),
    ("stat_kind", "text", "What sort of number"),
    ("stat_type", "text", "integer, float, code, date or none"),
    ("unit", "text", "Unit"),
    ("conf_level", "float", "Confidence level"),
    ("method", "text", "Method"),
    ("label", "text", "The item in words"),
    ("basis", "text", "Name of the subjects behind it"),
    ("formula", "text", "How the number follows from them"),
)


def ard_dataset(
    rows: Iterable[Row], contexts: Mapping[str, str], shown: Callable[[Row], str]
) -> Dataset:
    """Return the results as a table.

    Parameters
    ----------
    rows
        The results.
    contexts
        The kind of each analysis, by its id.
    shown
        Gives a result as it is printed.
    """
    variables = [Variable(name, label, kind) for name, kind, label in COLUMNS]
    records = [_record(row, contexts.get(row.analysis, ""), shown(row)) for row in rows]
    return Dataset.of("ARD", "Analysis results", variables, records)


def _record(row: Row, context: str, shown: str) -> tuple[Value, ...]:
    is_group = row.group != "all"
    text = row.code if row.date is None else row.date.isoformat()
    return (
        "GROUP" if is_group else None, row.group if is_group else None, row.analysis, row.item,
        context or None, row.statistic, row.statistic.replace("_", " "),
        None if row.value is None else float(row.value), text, shown, row.note, row.id, row.variant,
        row.set, row.group, str(row.kind), _type(row), row.unit, row.level, row.method, row.label,
        row.basis, row.formula,
    )  # fmt: skip


def _type(row: Row) -> str:
    if row.code is not None:
        return "code"
    if row.date is not None:
        return "date"
    if row.value is None:
        return "none"
    return "integer" if isinstance(row.value, int) else "float"


def ard_rows(dataset: Dataset) -> tuple[Row, ...]:
    """Return the results that a table of ``ard_dataset`` holds.

    Raises
    ------
    InputError
        If a column is missing or a value does not fit: with the row.
    """
    missing = [name for name, _, _ in COLUMNS if name not in dataset.names]
    if missing:
        raise InputError(f"{dataset.name}: no column {', '.join(missing)}")
    columns = [dataset.column(name) for name, _, _ in COLUMNS]
    names = [name for name, _, _ in COLUMNS]
    found = []
    for number, values in enumerate(zip(*columns, strict=True), 1):
        filled = [None if value == "" else value for value in values]
        try:
            found.append(_row(dict(zip(names, filled, strict=True))))
        except (TypeError, ValueError) as problem:
            raise InputError(f"{dataset.name}:{number}: is no result: {problem}") from None
    return tuple(found)


def read_ard(path: Path) -> tuple[Row, ...]:
    """Return the results of a file that holds such a table: Parquet, or a CSV.

    Raises
    ------
    InputError
        If it cannot be read or is no such table: with the row.
    """
    if path.suffix.lower() == ".parquet":
        return ard_rows(read_parquet(path))
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            rows = [row for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise refuse(path, "ard", f"cannot be read: {problem}") from None
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            words = f"the row has {len(row)} fields, the header {len(header)}"
            raise refuse(path, "wrong-field-count", words, number)
    columns = [[row[at] for row in rows] for at, _ in enumerate(header)]
    variables = tuple(Variable(name) for name in header)
    return ard_rows(Dataset(path.name, "", variables, tuple(columns)))


def _row(record: Mapping[str, Value]) -> Row:
    def text(name: str) -> str | None:
        value = record[name]
        return None if value is None else str(value)

    kind, number = record["stat_type"], record["stat"]
    value: float | int | None = None
    if kind in ("integer", "float"):
        if number is None:
            raise ValueError("stat is empty")
        value = float(str(number))
        value = int(value) if kind == "integer" else value
    level = text("conf_level")
    return Row(
        str(record["result_id"]), str(record["variable"]), str(record["variant"]),
        str(record["analysis_set"]), str(record["group_id"]), text("variable_level"),
        str(record["stat_name"]), Kind(str(record["stat_kind"])), value,
        text("stat_text") if kind == "code" else None,
        dt.date.fromisoformat(str(record["stat_text"])) if kind == "date" else None,
        text("unit"), None if level is None else float(level), text("method"),
        text("warning"), text("label"), text("basis"), text("formula"),
    )  # fmt: skip
