"""The results of a study for other programs: a long table (ARD) and a reporting event (ARS)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from onearm.clinical.readings import planned_readings
from onearm.format import result
from onearm.io.adam_metadata import adam_metadata
from onearm.io.adam_subjects import characteristic_variables
from onearm.io.ard import ard_dataset
from onearm.io.ars import Planned, ars_text
from onearm.pipeline.export import Content
from onearm.pipeline.run import Analysed, analyse
from onearm.protocol.model import Protocol
from onearm.results.model import Row
from onearm.results.plan import Analysis, groups_of, plan


def ard(study: Path, formats: Sequence[str]) -> Content:
    """Return the results of a study as one long table."""
    analysed = analyse(study)
    contexts = {one.id: one.family for one in _plan(analysed)}
    table = ard_dataset(analysed.results.rows, contexts, shown_by(analysed.study.protocol))
    return Content((table,))


def ars(study: Path, formats: Sequence[str]) -> Content:
    """Return the results of a study as a reporting event."""
    analysed = analyse(study)
    protocol = analysed.study.protocol
    text = ars_text(analysed.results.rows, _planned(analysed), shown_by(protocol))
    return Content((), {"ars.json": text})


def shown_by(protocol: Protocol) -> Callable[[Row], str]:
    """Return how the study prints a result."""
    return lambda row: result(row, protocol.format)


def _plan(analysed: Analysed) -> tuple[Analysis, ...]:
    study = analysed.study
    return plan(study.protocol, planned_readings(study.subjects, study.protocol.response))


def _planned(analysed: Analysed) -> Planned:
    protocol = analysed.study.protocol
    endpoints = protocol.endpoints
    purposes: dict[str, str] = {
        one.id: purpose
        for purpose, of in (
            ("PRIMARY", endpoints.primary),
            ("SECONDARY", endpoints.secondary),
            ("EXPLORATORY", endpoints.exploratory),
        )
        for one in of
    }
    names = {name: one.name for name, one in characteristic_variables(protocol, adam_metadata())}
    names |= {"sex": "SEX", "age_years": "AGE"}
    groups = groups_of(protocol)
    known = {row.group for row in analysed.results.rows}
    return Planned(
        protocol.study.id,
        protocol.study.title,
        {one.id: one.title for one in _plan(analysed)},
        {**purposes, "primary": "PRIMARY"},
        [
            *((one.id, one.label) for one in groups),
            *((one, one) for one in sorted(known - {one.id for one in groups})),
        ],
        {
            one.id: (names[one.where[0][0]], one.where[0][1])
            for one in groups
            if len(one.where) == 1 and one.where[0][0] in names
        },
    )
