"""Dataset-JSON 1.1: one data set to a file and back, as JSON or as NDJSON.

NDJSON holds the metadata in its first line and a row in each further one; it
is written and read row by row. A date that the receiver shall turn into a
number (ADaM) is of kind ``date``; a date of SDTM stays text, as it may be
partial. Missing values are ``null``; an empty text stays an empty text.

Format: CDISC Dataset-JSON version 1.1, 2024-12-05.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from onearm.io.dataset import (
    MADE,
    Dataset,
    Kind,
    Value,
    Variable,
    check_size,
    check_values,
    checked,
    refuse,
)

_TYPES = {"text": "string", "integer": "integer", "float": "float", "date": "date"}
_TYPES |= {"datetime": "datetime"}
_SHOWN = {"date": "E8601DA.", "datetime": "E8601DT."}
_NUMBERS = ("float", "double", "decimal")
DATA_TYPES = ("string", "integer", *_NUMBERS, "boolean", "datetime", "date", "time", "URI")


def dataset_json(
    dataset: Dataset, *, study: str | None = None, made: dt.datetime = MADE, metadata: str = ""
) -> dict[str, object]:
    """Return the metadata of a data set: everything of the file but its rows.

    ``study`` becomes the study's OID, ``metadata`` the name of the define.xml.
    """
    about: dict[str, object] = {
        "datasetJSONCreationDateTime": made.replace(microsecond=0, tzinfo=None).isoformat(),
        "datasetJSONVersion": "1.1.0",
        "fileOID": f"{study}.{dataset.name}" if study else dataset.name,
    }
    if study:
        about |= {"studyOID": study, "metaDataVersionOID": f"MDV.{study}"}
    if metadata:
        about["metaDataRef"] = metadata
    return about | {
        "itemGroupOID": f"IG.{dataset.name}",
        "records": len(dataset),
        "name": dataset.name,
        "label": dataset.label,
        "columns": [_column(dataset.name, variable) for variable in dataset.variables],
    }


def _column(name: str, variable: Variable) -> dict[str, object]:
    about: dict[str, object] = {
        "itemOID": f"IT.{name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": _TYPES[variable.kind],
    }
    if variable.kind in _SHOWN:
        about |= {"targetDataType": "integer", "displayFormat": _SHOWN[variable.kind]}
    if variable.kind == "text" and variable.length:
        about["length"] = variable.length
    if variable.key:
        about["keySequence"] = variable.key
    return about


def write_dataset_json(
    dataset: Dataset,
    path: Path,
    *,
    study: str | None = None,
    made: dt.datetime = MADE,
    metadata: str = "",
) -> None:
    """Write one data set; NDJSON where the file is called so (``.ndjson``).

    Raises
    ------
    InputError
        With every value that is not of its variable's kind.
    """
    checked(check_values(dataset))
    about = dataset_json(dataset, study=study, made=made, metadata=metadata)
    head = _dump(about)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if path.suffix.lower() == ".ndjson":
            file.write(head + "\n")
            file.writelines(f"{_dump(row)}\n" for row in _rows(dataset))
            return
        file.write(head[:-1] + ',"rows":[')
        file.writelines(
            f"{',' if index else ''}\n{_dump(row)}" for index, row in enumerate(_rows(dataset))
        )
        file.write("\n]}\n")


def _rows(dataset: Dataset) -> Iterator[Sequence[object]]:
    if not any(variable.kind in _SHOWN for variable in dataset.variables):
        yield from dataset.rows()
        return
    for row in dataset.rows():
        yield [cell.isoformat() if isinstance(cell, dt.date) else cell for cell in row]


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_dataset_json(path: Path) -> Dataset:
    """Read one data set, JSON or NDJSON by what the file holds.

    Raises
    ------
    InputError
        If the file is no Dataset-JSON 1.1, or a row does not fit its columns.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
            about = _line(path, first, 1) if _is_whole(first) else None
            if about is None:
                about = _line(path, first + file.read(), None)
                rows: Iterable[Any] = about.get("rows", [])
            elif isinstance(about, dict) and "rows" in about:
                rows = about["rows"]
            else:
                rows = [_line(path, text, n) for n, text in enumerate(file, 2) if text.strip()]
    except UnicodeDecodeError:
        raise refuse(path, "dataset-json", "is not UTF-8 text") from None
    return _dataset(path, about, rows)


def _is_whole(line: str) -> bool:
    """Return whether a first line is a JSON value by itself."""
    return line.rstrip().endswith("}") and '"columns"' in line


def _line(path: Path, text: str, line: int | None) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as problem:
        at = problem.lineno if line is None else line
        raise refuse(path, "dataset-json", f"is not JSON: {problem.msg}", at) from None
    except RecursionError:
        raise refuse(path, "dataset-json", "is nested too deeply", line) from None
    except ValueError as problem:
        raise refuse(path, "dataset-json", f"is not JSON: {problem}", line) from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _dataset(path: Path, about: Any, rows: Any) -> Dataset:
    columns = about.get("columns") if isinstance(about, dict) else None
    if not isinstance(columns, list) or not isinstance(rows, list) or not columns:
        message = 'no Dataset-JSON 1.1: "columns" and "rows" must be lists'
        raise refuse(path, "dataset-json", message)
    version = about.get("datasetJSONVersion")
    if not isinstance(version, str) or not version.startswith("1.1"):
        message = f"datasetJSONVersion must be 1.1; got {version!r}"
        raise refuse(path, "dataset-json", message)
    variables = [_variable(path, column) for column in columns]
    check_size(path, len(rows), len(variables))
    if about.get("records") != len(rows):
        message = f"records says {about.get('records')!r}, but there are {len(rows)} rows"
        raise refuse(path, "dataset-json", message)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != len(columns):
            found = f"{len(row)} values" if isinstance(row, list) else type(row).__name__
            message = f"row {number} must be a list of {len(columns)} values; got {found}"
            raise refuse(path, "dataset-json", message)
    columns_read = [
        _values(path, variable, column)
        for variable, column in zip(
            variables, zip(*rows, strict=True) if rows else ((),) * len(variables), strict=True
        )
    ]
    name, label = about.get("name"), about.get("label")
    return Dataset(
        name if isinstance(name, str) else "",
        label if isinstance(label, str) else "",
        tuple(variables),
        tuple(columns_read),
    )


def _variable(path: Path, column: Any) -> Variable:
    if not isinstance(column, dict) or not isinstance(column.get("name"), str):
        raise refuse(path, "dataset-json", 'each of "columns" must be an object with a "name"')
    name, found = column["name"], column.get("dataType")
    if found not in DATA_TYPES:
        allowed = ", ".join(DATA_TYPES)
        message = f"dataType of {name} must be one of {allowed}; got {found!r}"
        raise refuse(path, "dataset-json", message)
    kind: Kind = "text"
    if found == "integer":
        kind = "integer"
    elif found in _NUMBERS:
        kind = "float"
    elif found in ("date", "datetime") and column.get("targetDataType") == "integer":
        kind = "date" if found == "date" else "datetime"
    label, length, key = column.get("label"), column.get("length"), column.get("keySequence")
    return Variable(
        name,
        label if isinstance(label, str) else "",
        kind,
        length if isinstance(length, int) else None,
        key if isinstance(key, int) else None,
    )


def _values(path: Path, variable: Variable, column: Iterable[Any]) -> tuple[Value, ...]:
    readers: dict[Kind, Callable[[Any], Value]] = {
        "text": _text, "integer": _integer, "float": _number,
        "date": dt.date.fromisoformat, "datetime": _moment,
    }  # fmt: skip
    read = readers[variable.kind]
    values: list[Value] = []
    for number, value in enumerate(column, 1):
        try:
            values.append(None if value is None else read(value))
        except (TypeError, ValueError, OverflowError):
            message = f"{variable.name} must be {variable.kind}; got {value!r} in row {number}"
            raise refuse(path, "dataset-json", message) from None
    return tuple(values)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError
    number = float(value)
    if number - number != 0:
        raise ValueError
    return number


def _moment(value: Any) -> dt.datetime:
    return dt.datetime.fromisoformat(value).replace(tzinfo=None)
