"""The analysis data sets of a study (ADaM): ADSL, ADRS, ADTR, ADTTE, ADAE, ADEX, ADLB.

Takes the patients, gives typed tables and what is said of each variable. A data
set of which the study collected nothing is left out. Derives nothing: every
value is laid out from what the rules gave, by the metadata of
``io.adam_metadata``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from onearm.io.adam_metadata import (
    DataSetAbout,
    Metadata,
    ParameterAbout,
    VariableAbout,
    adam_metadata,
)
from onearm.io.adam_patient import Patient, visit_numbers
from onearm.io.adam_responses import POINT, response_rows
from onearm.io.adam_safety import event_rows, exposure_rows, lab_rows
from onearm.io.adam_subjects import absent_from_dm, characteristic_variables, subject_row
from onearm.io.adam_tables import STEM, Row, as_dataset, numbered
from onearm.io.adam_times import time_rows
from onearm.io.adam_tumours import tumour_rows
from onearm.io.dataset import Dataset
from onearm.protocol.model import Protocol


class Parameter(NamedTuple):
    """A parameter that occurs: its code, its text, and by which of the metadata it is described."""

    code: str
    text: str
    about: ParameterAbout | None


@dataclass(frozen=True, slots=True)
class AnalysisData:
    """The data sets, with what is said of each and of each of its variables."""

    protocol: Protocol
    metadata: Metadata
    datasets: tuple[Dataset, ...]
    about: Mapping[str, DataSetAbout]
    parameters: Mapping[str, tuple[Parameter, ...]]


def analysis_data(patients: Sequence[Patient], protocol: Protocol) -> AnalysisData:
    """Lay out the data sets of a study."""
    metadata = adam_metadata()
    characteristics = characteristic_variables(protocol, metadata)
    subjects = {p.subject_id: subject_row(p, protocol, characteristics) for p in patients}
    more = {
        "ADSL": tuple(variable for _, variable in characteristics),
        "ADAE": _queries(protocol),
    }
    rows = dict(_rows(patients, protocol, metadata, subjects))
    datasets, described = [], {}
    parameters = {}
    for name, found in rows.items():
        about = metadata.data_sets[name]
        if name == "ADSL":
            absent = absent_from_dm(found, characteristics)
            kept = {one: words for one, words in about.variables.items() if one not in absent}
            about = replace(about, variables=kept)
        dataset, variables = as_dataset(about, found, more.get(name, ()))
        datasets.append(dataset)
        parameters[name] = _parameters(about, found)
        described[name] = replace(about, variables={one.name: one for one in variables})
    return AnalysisData(protocol, metadata, tuple(datasets), described, parameters)


def _parameters(about: DataSetAbout, rows: Sequence[Row]) -> tuple[Parameter, ...]:
    """Return the parameters that occur, by code; a laboratory test is described by none."""
    found = {str(row["PARAMCD"]): row for row in rows if "PARAMCD" in row}
    return tuple(
        Parameter(code, str(row["PARAM"]), about.parameters.get(str(row.get(STEM))))
        for code, row in sorted(found.items())
    )


def _queries(protocol: Protocol) -> tuple[VariableAbout, ...]:
    return tuple(
        VariableAbout(
            f"CQ{number:02d}NAM", f"Customized Query {number:02d} Name", "text", None, False,
            "The group of special interest of the protocol that the term belongs to", None,
            "Derived",
        )
        for number, _ in enumerate(protocol.safety.special_interest, 1)
    )  # fmt: skip


def _rows(
    patients: Sequence[Patient],
    protocol: Protocol,
    metadata: Metadata,
    subjects: Mapping[str, Row],
) -> Iterator[tuple[str, list[Row]]]:
    """Yield the numbered rows of each data set; what others refer to comes first."""
    visits, about = visit_numbers(patients), metadata.data_sets

    def collect(name: str, rows_of: object) -> list[Row]:
        assert callable(rows_of)
        found: list[Row] = []
        for patient in patients:
            own = subjects[patient.subject_id]
            core = {one: own[one] for one in metadata.core}
            found += [core | row for row in rows_of(patient)]
        return numbered(about[name], found)

    yield "ADSL", numbered(about["ADSL"], subjects.values())
    tumours = collect("ADTR", lambda p: tumour_rows(p, about["ADTR"].parameters, visits))
    responses = collect("ADRS", lambda p: response_rows(p, metadata, visits))
    sums = {
        (row["USUBJID"], str(row["PARAMCD"])[len("SDIAM") :], row["AVISIT"]): row["ASEQ"]
        for row in tumours
        if str(row["PARAMCD"]).startswith("SDIAM")
    }
    points = {(row["USUBJID"], row[POINT]): row["ASEQ"] for row in responses if _is_point(row)}
    for row in responses:
        _refer(row, sums, points)
    times = collect("ADTTE", lambda p: time_rows(p, about["ADTTE"].parameters))
    for row in times:
        if POINT in row:
            row["SRCSEQ"] = points.get((row["USUBJID"], row.pop(POINT)))
    for name, found in (
        ("ADRS", responses),
        ("ADTR", tumours),
        ("ADTTE", times),
        ("ADAE", collect("ADAE", lambda p: event_rows(p, protocol))),
        ("ADEX", collect("ADEX", lambda p: exposure_rows(p, about["ADEX"].parameters))),
        ("ADLB", collect("ADLB", lab_rows)),
    ):
        if found:
            yield name, found


def _is_point(row: Row) -> bool:
    point = row.get(POINT)
    return isinstance(point, tuple) and row["PARAMCD"] == point[0]


def _refer(row: Row, sums: Mapping[Any, object], points: Mapping[Any, object]) -> None:
    """Put the number of the record that a response came from; what came from no sum names none."""
    point = row.get(POINT)
    if not isinstance(point, tuple):
        return
    if not _is_point(row):
        row["SRCSEQ"] = points.get((row["USUBJID"], point))
        return
    mark = str(row["PARAMCD"]).removeprefix("I").removeprefix("OVR")
    row["SRCSEQ"] = sums.get((row["USUBJID"], mark, row["AVISIT"]))
    if row["SRCSEQ"] is None:
        row["SRCDOM"] = row["SRCVAR"] = None
