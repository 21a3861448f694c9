"""Parquet: one data set to a file and back, by polars.

Name, label, kinds, lengths and keys stand in the file's metadata under
``dataset``, as Dataset-JSON has them; a file of another program has them from
its column types. Missing and empty texts stay apart.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from onearm.io.dataset import (
    Dataset,
    Kind,
    Variable,
    check_size,
    check_values,
    checked,
    needs_extra,
    refuse,
)
from onearm.io.dataset_json import dataset_json

MAGIC = b"PAR1"
_ABOUT = "dataset"


def write_parquet(dataset: Dataset, path: Path) -> None:
    """Write one data set.

    Raises
    ------
    InputError
        With every value that is not of its variable's kind; or if the extra
        cdisc is not installed.
    """
    checked(check_values(dataset))
    polars = _polars()
    types = {
        "text": polars.String, "integer": polars.Int64, "float": polars.Float64,
        "date": polars.Date, "datetime": polars.Datetime("us"),
    }  # fmt: skip
    frame = polars.DataFrame(
        [
            polars.Series(variable.name, column, dtype=types[variable.kind])
            for variable, column in zip(dataset.variables, dataset.columns, strict=True)
        ]
    )
    about = dataset_json(dataset)
    kept = {name: about[name] for name in ("name", "label", "columns")}
    frame.write_parquet(path, metadata={_ABOUT: json.dumps(kept, ensure_ascii=False)})


def read_parquet(path: Path) -> Dataset:
    """Read one data set.

    Raises
    ------
    InputError
        If the file is cut, broken or claims to be larger than any study; if a
        column holds lists or the like; or if the extra cdisc is not installed.
    """
    polars = _polars()
    try:
        with _quiet():
            frame, about = _read(polars, path)
    except (polars.exceptions.PolarsError, OSError, ValueError) as problem:
        first = (str(problem).splitlines() or ["no reason given"])[0]
        raise refuse(path, "parquet", f"cannot be read: {first}") from None
    except polars.exceptions.PanicException:
        raise refuse(path, "parquet", "the file is broken") from None
    variables, columns = [], []
    for name, dtype in frame.schema.items():
        kind = _kind(polars, path, name, dtype)
        label, length, key = about.get("columns", {}).get(name, ("", None, None))
        variables.append(Variable(name, label, kind, length, key))
        broken = polars.exceptions.PolarsError, polars.exceptions.PanicException, ValueError
        try:
            with _quiet():
                columns.append(_column(polars, frame[name], kind))
        except broken:
            raise refuse(path, "parquet", f"{name} holds a {kind} that cannot be read") from None
    name = about.get("name", "")
    return Dataset(name, about.get("label", ""), tuple(variables), tuple(columns))


def _read(polars: Any, path: Path) -> tuple[Any, dict[str, Any]]:
    rows = polars.scan_parquet(path, glob=False).select(polars.len()).collect().item()
    schema = polars.read_parquet_schema(path)
    check_size(path, rows, len(schema))
    frame = polars.read_parquet(path, glob=False)
    return frame, _about(polars.read_parquet_metadata(path))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what polars prints of a broken file from the user, who gets one line instead."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _polars() -> Any:
    try:
        import polars
    except ImportError:
        raise needs_extra("Parquet") from None
    return polars


def _about(metadata: dict[str, str]) -> dict[str, Any]:
    """Return name, label and columns where the file says them as we write them."""
    try:
        about = json.loads(metadata[_ABOUT])
        columns = {
            column["name"]: (str(column["label"]), column.get("length"), column.get("keySequence"))
            for column in about["columns"]
        }
        return {"name": str(about["name"]), "label": str(about["label"]), "columns": columns}
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}


def _kind(polars: Any, path: Path, name: str, dtype: Any) -> Kind:
    if dtype.is_integer():
        return "integer"
    if dtype.is_numeric():
        return "float"
    if dtype == polars.Date:
        return "date"
    if dtype == polars.Datetime:
        return "datetime"
    if dtype in (polars.String, polars.Categorical, polars.Null) or dtype == polars.Enum:
        return "text"
    raise refuse(path, "parquet", f"{name} must hold text, numbers or dates; got {dtype}")


def _column(polars: Any, series: Any, kind: Kind) -> tuple[Any, ...]:
    types = {"text": polars.String, "float": polars.Float64}
    if kind in types:
        series = series.cast(types[kind])
    if kind == "float":
        series = series.fill_nan(None)
    if kind == "datetime":
        series = series.dt.replace_time_zone(None)
    return tuple(series.to_list())
