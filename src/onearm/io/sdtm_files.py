"""The files of an SDTM folder, whatever their format: observations by domain.

Recognises CSV, XPT, Dataset-JSON (JSON, NDJSON) and Parquet by what a file
holds, not by its name; archives and XML are refused unread. Every value becomes
text as it stands (a number without a useless ``.0``). SUPP-- qualifiers join
their observation as further variables. An observation knows its file and line:
the physical line of a CSV, the row from 1 of any other format. Knows no rule.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from onearm.errors import Finding, InputError, Place, nearest
from onearm.io import dataset_json, parquet, xpt
from onearm.io.csv import FileRows, read_rows
from onearm.io.dataset import Dataset, Value, refuse
from onearm.io.sdtm_mapping import AS_IT_STANDS, Translation, read_mapping

DOMAINS = (
    "AE", "CM", "DM", "DS", "DV", "EC", "EG", "EX", "IE", "LB", "MH", "PR", "QS", "RS", "SS",
    "TR", "TU", "VS",
)  # fmt: skip
"""Domains that are read; another one is a note."""

MAPPING = "sdtm.yaml"
"""The mapping file of a folder, for a sponsor whose codes or names differ."""

_END = 1 << 16
_USELESS = re.compile(r"(?<=\d)\.0+$")  # 2.0 and 2 are one visit
_ARCHIVES = {
    b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip archive", b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive", b"7z\xbc\xaf": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"<": "XML", b"\xef\xbb\xbf<": "XML", b"%PDF": "a PDF", b"\x78\x9c": "compressed data",
    b"\x78\xda": "compressed data", b"\x78\x01": "compressed data",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Observation:
    """One row of a domain: its values as text, by variable; empty ones are left out."""

    file: str
    line: int
    values: dict[str, str]

    def __getitem__(self, variable: str) -> str:
        """Return the value of a variable, "" where it has none."""
        return self.values.get(variable, "")

    @property
    def subject(self) -> str:
        """Who was observed."""
        return self.values.get("USUBJID", "")

    def place(self, variable: str | None = None) -> Place:
        """Return where it stands."""
        return Place(self.file, self.line, None, variable)

    def finding(
        self, code: str, message: str, variable: str | None = None, severity: str = "error"
    ) -> Finding:
        """Return a finding at a variable of this row."""
        where = self.place(variable)
        return Finding(severity, code, message, where, self.subject or None)  # type: ignore[arg-type]


@dataclass(slots=True)
class Folder:
    """What an SDTM folder holds: observations by domain, in the order of the files."""

    domains: dict[str, list[Observation]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    mapping: Translation = AS_IT_STANDS

    def __getitem__(self, domain: str) -> list[Observation]:
        """Return the observations of a domain, none where it is not there."""
        return self.domains.get(domain, [])


def format_of(path: Path) -> str:
    """Return the format of a file by its content: csv, xpt, json, parquet.

    Raises
    ------
    InputError
        If it is an archive, XML, empty, or none of these.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    for magic, what in _ARCHIVES.items():
        if head.startswith(magic):
            message = f"is {what}, which is not read; CSV, XPT, Dataset-JSON and Parquet are"
            raise refuse(path.name, "unknown-format", message)
    if head.startswith((xpt.MAGIC, xpt.MAGIC_8)):
        return "xpt"
    if head.startswith(parquet.MAGIC):
        return "parquet"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "json"
    if not head or b"\0" in head:
        what = "is empty" if not head else "is none of CSV, XPT, Dataset-JSON and Parquet"
        raise refuse(path.name, "unknown-format", what)
    return "csv"


def read_dataset(path: Path) -> tuple[str, tuple[str, ...], Iterator[tuple[int, tuple[str, ...]]]]:
    """Return name, variables and numbered rows of a file, all values as text."""
    kind = format_of(path)
    if kind == "csv":
        rows = FileRows(path)
        header = tuple(name.strip() for name in next(rows, []))
        if rows.problem is not None:
            raise refuse(path.name, *rows.problem)
        return "", header, _csv_rows(path, rows, len(header))
    read = {
        "xpt": xpt.read_xpt,
        "json": dataset_json.read_dataset_json,
        "parquet": parquet.read_parquet,
    }[kind]
    try:
        dataset = read(path)
    except InputError as error:
        raise InputError([_named(finding, path) for finding in error.findings]) from None
    return dataset.name, dataset.names, _text_rows(dataset)


def _named(finding: Finding, path: Path) -> Finding:
    """Return a finding with the name of the file instead of its path."""
    if finding.place is None:
        return finding
    return finding._replace(place=finding.place._replace(file=path.name))


def _csv_rows(path: Path, rows: FileRows, width: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    start = rows.line_num + 1
    for row in rows:
        if row and len(row) != width:
            message = f"the row has {len(row)} fields, the header {width}"
            raise refuse(path.name, "wrong-field-count", message, start)
        if row:
            yield start, tuple(row)
        start = rows.line_num + 1
    if rows.problem is not None:
        raise refuse(path.name, *rows.problem)


def _text_rows(dataset: Dataset) -> Iterator[tuple[int, tuple[str, ...]]]:
    texts = [_texts(column) for column in dataset.columns]
    yield from enumerate(zip(*texts, strict=True), 1)


def _texts(column: Iterable[Value]) -> list[str]:
    known: dict[Value, str] = {}
    found = []
    for value in column:
        if value not in known:
            known[value] = text_of(value)
        found.append(known[value])
    return found


def text_of(value: Value) -> str:
    """Return a value as SDTM text: a whole number without a fraction, a date by ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return str(value)


def is_sdtm(folder: Path) -> bool:
    """Return whether a folder holds a file with the variables DOMAIN and USUBJID."""
    return any(is_domain(path) for path in _files(folder))


def is_domain(path: Path) -> bool:
    """Return whether a file names, at either end, the two variables that all domains share."""
    with path.open("rb") as file:
        ends = file.read(_END)
        file.seek(max(path.stat().st_size - _END, 0))
        ends += file.read(_END)
    return b"DOMAIN" in ends and b"USUBJID" in ends


def read_cells_of(path: Path, lines: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return the values as they stand, by variable, of these rows of a file of any format."""
    if format_of(path) == "csv":
        return read_rows(path, lines)
    wanted = set(lines)
    _, header, rows = read_dataset(path)
    return {line: dict(zip(header, row, strict=True)) for line, row in rows if line in wanted}


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".") and path.name != MAPPING
        and path.suffix.lower() not in (".md", ".txt", ".yaml", ".xsl", ".pdf")
        and path.name.lower() != "define.xml"
    )  # fmt: skip


def read_folder(folder: Path) -> Folder:
    """Read every SDTM file of a folder; what cannot be read is a finding."""
    found = Folder()
    if (folder / MAPPING).is_file():
        found.mapping = read_mapping(folder / MAPPING)
        for name in sorted(found.mapping.variables.keys() - set(DOMAINS)):
            message = f"variables: {name!r} is no domain that is read{nearest(name, DOMAINS)}"
            found.findings.append(Finding("error", "mapping", message, Place(MAPPING)))
    supplements: list[Observation] = []
    stems: dict[str, Path] = {}
    for path in _files(folder):
        other = stems.setdefault(path.stem.lower(), path)
        if other is not path:
            message = f"{other.name} is there too; keep one format of each domain in the folder"
            found.findings.append(Finding("error", "two-formats", message, Place(path.name)))
            continue
        try:
            rows = list(_read_file(path, found))
        except InputError as error:
            found.findings += error.findings
            continue
        if rows and "RDOMAIN" in rows[0].values and "QNAM" in rows[0].values:
            supplements += rows
        elif rows and (rows[0]["DOMAIN"] or not rows[0]["RDOMAIN"]):
            _add(rows, path, found)
    _join(supplements, found)
    found.findings += _other_studies(found)
    for domain, rows in found.domains.items():
        found.findings += _repeated(domain, rows)
    return found


def _read_file(path: Path, found: Folder) -> Iterator[Observation]:
    name, header, rows = read_dataset(path)
    if not {"DOMAIN", "RDOMAIN"} & set(header):
        message = "no variable DOMAIN or RDOMAIN; the file is no SDTM and is not read"
        found.findings.append(Finding("warning", "no-domain", message, Place(path.name, 1)))
        return
    for column in sorted({column for column in header if header.count(column) > 1}):
        raise refuse(path.name, "duplicate-column", f"variable {column} stands twice", 1)
    domain = _stated(name, path)
    is_first = True
    for line, row in rows:
        values = {
            key: bare for key, text in zip(header, row, strict=True) if (bare := text.strip())
        }
        if "VISITNUM" in values:
            values["VISITNUM"] = _USELESS.sub("", values["VISITNUM"])
        if is_first and "DOMAIN" in header and not domain:
            domain, is_first = values.get("DOMAIN", ""), False
        yield Observation(path.name, line, found.mapping.translate(values, domain))


def _stated(name: str, path: Path) -> str:
    """Return the domain that a data set's name, or else its file's, says; "" where neither does."""
    for said in (name.upper(), path.stem.upper()):
        if said in DOMAINS:
            return said
    return ""


def _add(rows: list[Observation], path: Path, found: Folder) -> None:
    wanted = next((row["DOMAIN"] for row in rows if row["DOMAIN"]), "")
    name = path.stem.upper()
    if name in DOMAINS:
        wanted = name
    wrong = [row for row in rows if row["DOMAIN"] != wanted]
    for row in wrong[:10]:
        message = f"DOMAIN must be {wanted} in each row of {path.name}; got {row['DOMAIN']!r}"
        found.findings.append(row.finding("wrong-domain", message, "DOMAIN"))
    if wrong:
        return
    if wanted not in DOMAINS:
        message = f"domain {wanted} is not used ({len(rows)} rows)"
        found.findings.append(Finding("note", "unused-domain", message, Place(path.name)))
        return
    nobody = next((row for row in rows if not row.subject), None)
    if nobody is not None:
        message = "USUBJID must be filled in each row"
        found.findings.append(nobody.finding("missing-value", message, "USUBJID"))
        return
    found.domains.setdefault(wanted, []).extend(rows)


def _join(supplements: Iterable[Observation], found: Folder) -> None:
    """Give each supplemental qualifier to its observation."""
    index: dict[tuple[str, str], dict[tuple[str, str], Observation]] = {}
    missing: dict[str, Observation] = {}
    for row in supplements:
        domain, key = row["RDOMAIN"], row["IDVAR"]
        if domain not in DOMAINS:
            continue
        if domain not in found.domains:
            missing.setdefault(domain, row)
            continue
        if (domain, key) not in index:
            index[domain, key] = {
                (parent.subject, parent[key] if key else ""): parent for parent in found[domain]
            }
        parent = index[domain, key].get((row.subject, row["IDVARVAL"] if key else ""))
        if parent is None:
            allowed = f"a row of {domain} with {key}" if key else f"a row of {domain}"
            message = f"IDVARVAL must name {allowed}; got {row['IDVARVAL']!r}"
            found.findings.append(row.finding("orphan-supplement", message, "IDVARVAL"))
            continue
        parent.values.setdefault(row["QNAM"], row["QVAL"])
        if row["QLABEL"]:
            parent.values.setdefault(f"={row['QLABEL']}", row["QVAL"])
    for domain, row in missing.items():
        message = f"qualifies {domain}, which is not there"
        found.findings.append(row.finding("missing-domain", message, "RDOMAIN"))


def _other_studies(found: Folder) -> Iterator[Finding]:
    """Find the first row whose STUDYID is not that of the rows before."""
    rows = [row for rows in found.domains.values() for row in rows if row["STUDYID"]]
    other = next((row for row in rows if row["STUDYID"] != rows[0]["STUDYID"]), None)
    if other is not None:
        own = f"{rows[0]['STUDYID']!r} in {rows[0].file}:{rows[0].line}"
        message = f"STUDYID is {other['STUDYID']!r}, and {own}; all rows are read as one study"
        yield other.finding("several-studies", message, "STUDYID", "warning")


def _repeated(domain: str, rows: list[Observation]) -> Iterator[Finding]:
    """Find rows that share the key of the domain: subject and sequence number."""
    key = "USUBJID" if domain == "DM" else f"{domain}SEQ"
    first: dict[tuple[str, str], Observation] = {}
    for row in rows:
        if not row[key]:
            continue
        known = first.setdefault((row.subject, row[key]), row)
        if known is not row:
            where = f"{known.file}:{known.line}"
            message = f"{key} {row[key]} stands in {where} already; keys must differ"
            yield row.finding("duplicate-key", message, key)
