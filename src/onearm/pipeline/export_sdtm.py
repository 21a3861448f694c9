"""``onearm export STUDY sdtm``: the tables of a study as SDTM domains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onearm.clinical.subject import derive_subject
from onearm.format import count_of
from onearm.io.sdtm_out import NOT_WRITTEN, sdtm_datasets
from onearm.pipeline.export import Content
from onearm.pipeline.study import load_study


def content(study: Path, formats: Sequence[str]) -> Content:
    """Return the domains of a study, with recorded and derived responses."""
    del formats  # the same tables in each
    loaded = load_study(study)
    answers = [derive_subject(records, loaded.protocol) for records in loaded.subjects]
    points = [point for a in answers for point in (*a.time_points, *a.other_time_points)]
    name = loaded.protocol.study.id
    datasets = sdtm_datasets(name, loaded.tables, points, loaded.origins)
    notes = [
        f"{count_of(len(rows), 'row')} of {table} not written: SDTM has no place for it here"
        for table in NOT_WRITTEN
        if (rows := loaded.tables[table])
    ]
    return Content(tuple(datasets), notes=tuple(notes))
