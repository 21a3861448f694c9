"""A study's own facts beside its tables: who was enrolled though not eligible by them.

Takes a loaded study, gives findings: what is wrong with ``data/facts.csv``, who
was enrolled against a criterion, whose criterion is not known, and who was not
enrolled by a criterion that the facts do not fail. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from onearm.clinical.eligibility import Outcome, Overall, Screened
from onearm.clinical.eligibility_words import reason
from onearm.errors import Finding, InputError, Place
from onearm.io.facts import FACTS
from onearm.pipeline.screen import screen_study
from onearm.pipeline.study import Study


def facts_findings(study: Study) -> list[Finding]:
    """Return what is wrong with the facts, and where the tables say otherwise; none without."""
    if not (study.folder / "data" / FACTS).exists():
        return []
    try:
        answer = screen_study(study.folder)
    except InputError as error:
        return list(error.findings)
    people = {person.subject_id: person for person in answer.people}
    return [*_enrolled(study, people), *_not_enrolled(study, people)]


def _enrolled(study: Study, people: dict[str, Screened]) -> Iterator[Finding]:
    for records in study.subjects:
        person = people.get(records.subject.subject_id)
        if person is None or person.overall is Overall.ELIGIBLE:
            continue
        failed = person.overall is Overall.NOT_ELIGIBLE
        why = ", ".join(person.ids(Outcome.UNKNOWN))
        if failed:
            broken = [one for one in person.results if one.outcome is Outcome.NOT_MET]
            why = "; ".join(f"{one.criterion.id}: {reason(one)}" for one in broken)
        source = records.subject.source
        yield Finding(
            "warning" if failed else "note",
            "enrolled-not-eligible" if failed else "enrolled-unknown",
            f"enrolled, but {'not eligible' if failed else 'eligibility is unknown'} by {FACTS} "
            f"({why})",
            Place(source.file, source.line),
            person.subject_id,
        )


def _not_enrolled(study: Study, people: dict[str, Screened]) -> Iterator[Finding]:
    for row in study.screening or ():
        person = people.get(row.subject_id)
        if row.is_enrolled or not row.criterion or person is None:
            continue
        found = {one.criterion.id: one for one in person.results}.get(row.criterion)
        if found is not None and found.outcome is not Outcome.NOT_MET:
            name = str(found.outcome).replace("_", " ")
            message = f"not enrolled by {row.criterion}, which is {name} by {FACTS}"
            place = Place(row.source.file, row.source.line, None, "criterion")
            yield Finding("warning", "screening-differs", message, place, row.subject_id)
