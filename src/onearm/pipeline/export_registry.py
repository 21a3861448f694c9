"""The results of a study as a draft for ClinicalTrials.gov, with what a person must add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from onearm.io.csv import table_text
from onearm.io.json_fields import JsonField
from onearm.io.registry import UNSAID, json_text, record
from onearm.io.registry_limits import too_long
from onearm.io.registry_numbers import traces
from onearm.io.registry_outcomes import left_out
from onearm.io.registry_results import posted_numbers, posted_text
from onearm.pipeline.export import Content
from onearm.pipeline.run import Analysed, analyse

TO_ADD = (
    "to be added by hand: assignment and recruitment details, the race and ethnicity of "
    "participants, certain agreements, the point of contact, and the limitations"
)
REQUIRED = {"age_years": "age", "sex": "sex"}


def content(study: Path, formats: Sequence[str]) -> Content:
    """Return the results section of a study's record."""
    del formats  # the registry takes JSON
    analysed = analyse(study)
    rows = analysed.results.by_id()
    made = record(analysed.study.protocol, rows)
    posted = posted_numbers(JsonField("registry.json", "", made))
    texts = {
        "registry.json": json_text(made),
        "registry.txt": posted_text(posted),
        "registry-trace.csv": table_text(("path", "value", "results"), traces(made)),
    }
    notes = [TO_ADD, *_lacking(analysed), *too_long(made)]
    if unsaid := next((one.value for one in posted if one.item == UNSAID), None):
        notes.append(f"the participant flow does not know why {unsaid} did not complete")
    if analysed.study.origins:
        notes.append(f"patient data: {', '.join(sorted(analysed.study.origins)).lower()}")
    return Content((), texts, tuple(notes))


def _lacking(analysed: Analysed) -> Iterator[str]:
    """Yield what a required part of the record cannot be made of, and what its counts rest on."""
    rows = analysed.results.by_id()
    events = [e for one in analysed.study.subjects for e in one.adverse_events or ()]
    if "teae-serious/all/total" not in rows:
        why = "no event says whether it is serious" if events else "they were not collected"
        yield f"adverse events are left out: {why}"
    elif note := rows["teae-other/all/event_count"].note:
        yield f"other adverse events: {note}"
    if "deaths/all/total" not in rows:
        yield "deaths of any cause are left out: follow-up was not collected"
    if without := left_out(analysed.study.protocol, rows):
        yield f"no outcome measure is made of: {', '.join(without)}"
    held = {one.id for one in analysed.study.protocol.characteristics}
    if absent := [word for name, word in REQUIRED.items() if name not in held]:
        words = "required at baseline and no characteristic of the protocol"
        yield f"{words}: {', '.join(absent)}"
    if "flow/all/status:ongoing/count" not in rows:
        yield "the participant flow is left out: disposition was not collected"
