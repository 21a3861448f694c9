"""The analysis data sets of a folder, whoever wrote them: XPT, Dataset-JSON, Parquet, CSV.

Each file is recognised by what it holds. A CSV has no types: a variable whose
name says so (``*DT``, ``*DY``, ``*N``, ``*SEQ``, and those of the metadata) is
read as a date or a number where all its values are. define.xml is read beside
them, with every entity and every DOCTYPE refused. Knows no rule.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from onearm.errors import Finding, InputError
from onearm.io.adam_metadata import adam_metadata
from onearm.io.dataset import Dataset, Kind, Value, Variable, refuse
from onearm.io.dataset_json import read_dataset_json
from onearm.io.parquet import read_parquet
from onearm.io.sdtm_files import format_of
from onearm.io.xpt import read_xpt

DEFINE = "define.xml"
SUFFIXES = (".xpt", ".json", ".ndjson", ".parquet", ".csv")
MOST_XML_BYTES = 200_000_000
ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
NUMERIC = re.compile(r"(AVAL|BASE|CHG|PCHG|CNSR|AGE|NADIR|CHGNAD|PCHGNAD|[A-Z0-9]+(N|DY|SEQ|DURD))")
_SAS_DATE = re.compile(r"(\d{2})([A-Z]{3})(\d{4})", re.IGNORECASE)
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_EPOCH = dt.date(1960, 1, 1)


@dataclass(frozen=True, slots=True)
class Table:
    """One data set with the file it stands in; empty texts are None."""

    file: str
    dataset: Dataset
    columns: Mapping[str, Sequence[Value]]

    @property
    def name(self) -> str:
        """The name of the data set, in capitals."""
        return self.dataset.name.upper()

    def __contains__(self, variable: str) -> bool:
        return variable in self.columns

    def __len__(self) -> int:
        return len(self.dataset)

    def rows(self, *variables: str) -> Iterator[tuple[int, tuple[Value, ...]]]:
        """Yield the number of each record, from 1, with the values of these variables."""
        nothing: Sequence[Value] = (None,) * len(self)
        found = [self.columns.get(name, nothing) for name in variables]
        return enumerate(zip(*found, strict=True), 1)


@dataclass(frozen=True, slots=True)
class Described:
    """What define.xml says of one data set: labels and allowed values, by variable."""

    labels: Mapping[str, str]
    codes: Mapping[str, frozenset[str]]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The data sets of a folder by name, and what its define.xml says of them."""

    path: Path
    tables: Mapping[str, Table]
    define: Mapping[str, Described] | None = None
    findings: tuple[Finding, ...] = field(default=())


def read_folder(path: Path) -> DataFolder:
    """Read every data set of a folder; what cannot be read is a finding.

    A data set that stands in several formats is read once, from the first of
    XPT, Dataset-JSON, Parquet and CSV.

    Raises
    ------
    InputError
        If the folder does not exist or holds no data set.
    """
    if not path.is_dir():
        raise InputError(f"{path}: must be a folder of data sets")
    files = [one for one in sorted(path.iterdir()) if one.suffix.lower() in SUFFIXES]
    files.sort(key=lambda one: (SUFFIXES.index(one.suffix.lower()), one.name))
    tables: dict[str, Table] = {}
    findings: list[Finding] = []
    for one in files:
        if one.stem.upper() in tables:
            continue
        try:
            table = read_file(one)
        except InputError as error:
            findings += error.findings
        else:
            tables[table.name] = table
    if not files:
        suffixes = ", ".join(SUFFIXES)
        raise InputError(f"{path}: holds no data set; its files must end in one of {suffixes}")
    return DataFolder(path, tables, read_define(path / DEFINE), tuple(findings))


def read_file(path: Path) -> Table:
    """Read one data set, in whichever of the formats; without a name it has the file's.

    Raises
    ------
    InputError
        If it is none of the formats, or broken: one line with the file.
    """
    kind = format_of(path)
    if kind == "csv" and path.suffix.lower() != ".csv":
        words = f"is none of XPT, Dataset-JSON and Parquet, though it ends in {path.suffix}"
        raise refuse(path, "unknown-format", words)
    read = {
        "xpt": read_xpt, "json": read_dataset_json, "parquet": read_parquet, "csv": _read_csv,
    }[kind]  # fmt: skip
    dataset = read(path)
    if not dataset.name:
        dataset = Dataset(path.stem.upper(), dataset.label, dataset.variables, dataset.columns)
    columns = {
        variable.name: [None if value == "" else value for value in column]
        for variable, column in zip(dataset.variables, dataset.columns, strict=True)
    }
    return Table(path.name, dataset, columns)


def _read_csv(path: Path) -> Dataset:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            rows = []
            for row in reader:
                if row and len(row) != len(header):
                    words = f"the row has {len(row)} fields, the header {len(header)}"
                    raise refuse(path, "wrong-field-count", words, reader.line_num)
                if row:
                    rows.append(row)
    except UnicodeDecodeError:
        raise refuse(path, "wrong-encoding", "the file must be UTF-8") from None
    except csv.Error as problem:
        raise refuse(path, "broken-row", f"the row cannot be read: {problem}") from None
    texts = list(zip(*rows, strict=True)) or [() for _ in header]
    name = path.stem.upper()
    typed = [
        _typed(name, variable, list(column)) for variable, column in zip(header, texts, strict=True)
    ]
    variables = tuple(variable for variable, _ in typed)
    return Dataset(name, "", variables, tuple(column for _, column in typed))


def _typed(dataset: str, name: str, texts: list[str]) -> tuple[Variable, list[Value]]:
    """Return a column of a CSV by what its name and its values say."""
    about = adam_metadata().data_sets.get(dataset)
    known = about.variables.get(name) if about else None
    kind: Kind = known.kind if known else "text"
    if known is None and NUMERIC.fullmatch(name):
        kind = "float"
    if known is None and name.endswith("DT"):
        kind = "date"
    if kind == "text":
        return Variable(name), [text or None for text in texts]
    try:
        values = [_value(text, kind) if text else None for text in texts]
    except ValueError:
        return Variable(name), [text or None for text in texts]
    return Variable(name, "", kind), values


def _value(text: str, kind: Kind) -> Value:
    if kind != "date":
        number = float(text)
        if number - number != 0:
            raise ValueError(text)
        return int(number) if kind == "integer" and number == int(number) else number
    if found := _SAS_DATE.fullmatch(text):
        return dt.date(int(found[3]), _MONTHS.index(found[2].upper()) + 1, int(found[1]))
    return dt.date.fromisoformat(text[:10])


def day_of(value: Value) -> int | None:
    """Return a date as a number of days; a number counts from 1960, as SAS does."""
    if isinstance(value, dt.datetime):
        return value.date().toordinal()
    if isinstance(value, dt.date):
        return value.toordinal()
    if isinstance(value, int | float):
        return _EPOCH.toordinal() + int(value)
    return None


def read_define(path: Path) -> dict[str, Described] | None:
    """Return what a define.xml says of each data set; None where there is no file.

    Raises
    ------
    InputError
        If it is no Define-XML, or holds a DOCTYPE: a document type can make a few
        bytes stand for billions.
    """
    if not path.is_file():
        return None
    if path.stat().st_size > MOST_XML_BYTES:
        raise refuse(path, "too-large", f"has more than {MOST_XML_BYTES} bytes")
    content = path.read_bytes()
    _refuse_doctype(path, content)
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as problem:
        raise refuse(path, "define-xml", f"is not XML: {problem}") from None
    groups = list(root.iter(f"{ODM}ItemGroupDef"))
    if not groups:
        raise refuse(path, "define-xml", "is no Define-XML 2: it describes no data set")
    items = {item.get("OID", ""): item for item in root.iter(f"{ODM}ItemDef")}
    lists = {one.get("OID", ""): _allowed(one) for one in root.iter(f"{ODM}CodeList")}
    return {group.get("Name", "").upper(): _described(group, items, lists) for group in groups}


def _refuse_doctype(path: Path, content: bytes) -> None:
    def found(*_: object) -> None:
        raise refuse(path, "define-xml", "holds a DOCTYPE; remove it: no Define-XML needs one")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = found
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return  # the parser of the content says what is wrong


def _allowed(codes: ElementTree.Element) -> frozenset[str]:
    tags = (f"{ODM}CodeListItem", f"{ODM}EnumeratedItem")
    return frozenset(item.get("CodedValue", "") for tag in tags for item in codes.iter(tag))


def _described(
    group: ElementTree.Element,
    items: Mapping[str, ElementTree.Element],
    lists: Mapping[str, frozenset[str]],
) -> Described:
    labels: dict[str, str] = {}
    codes: dict[str, frozenset[str]] = {}
    keys: list[tuple[int, str]] = []
    for ref in group.iter(f"{ODM}ItemRef"):
        item = items.get(ref.get("ItemOID", ""))
        if item is None:
            continue
        name = item.get("Name", "")
        text = item.find(f"{ODM}Description/{ODM}TranslatedText")
        labels[name] = "" if text is None else (text.text or "")
        allowed = item.find(f"{ODM}CodeListRef")
        if allowed is not None and lists.get(allowed.get("CodeListOID", "")):
            codes[name] = lists[allowed.get("CodeListOID", "")]
        if (key := ref.get("KeySequence", "")).isdigit():
            keys.append((int(key), name))
    return Described(labels, codes, tuple(name for _, name in sorted(keys)))
