"""Who went on, who stopped, who died, and why.

Takes disposition and follow-up, gives counts. A table that was not collected
has no rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from onearm.clinical.derived import DeathListing
from onearm.clinical.listings import DEATH_WINDOW_DAYS, death_listing, death_reason
from onearm.clinical.records import Disposition
from onearm.format import count_of
from onearm.results.ledger import Entry, Ledger, Person, Population, Told, tally_of
from onearm.results.model import slug, slugs
from onearm.results.plan import ALL, STUDY, Analysis

NOT_RECORDED = "not recorded"
TREATMENT = "treatment"
STATUSES = ("ONGOING", "COMPLETED", "DISCONTINUED")


def add_disposition(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add where subjects stand with the study and with each drug, and why they stopped.

    The denominator is the analysis's set; of a drug, those who got a dose of it.
    Who has no row for a drug stands with it as with the treatment as a whole.
    """
    if any(person.records.disposition is None for person in population.people):
        return
    for scope in analysis.variants:
        people = population.of(analysis, ALL)
        if scope != STUDY:
            people = tuple(person for person in people if _was_given(person, scope))
        rows = {person.subject_id: _standing(person, scope) for person in people}
        if scope != STUDY:
            whole = {person.subject_id: _standing(person, TREATMENT) for person in people}
            rows = {who: row or whole[who] for who, row in rows.items()}
        if any(rows.values()):
            of = f"{analysis.set} subjects" + ("" if scope == STUDY else f" with a dose of {scope}")
            _add_scope(ledger, Entry(analysis, ALL, scope), people, rows, of)


def _add_scope(
    ledger: Ledger,
    base: Entry,
    people: Sequence[Person],
    rows: dict[str, Disposition | None],
    of: str,
) -> None:
    scope = base.variant
    told = {person.subject_id: _told(person, rows[person.subject_id]) for person in people}
    found = {who: row for who, row in rows.items() if row is not None}
    for status in STATUSES:
        entry = Entry(base.analysis, ALL, scope, f"status:{slug(status)}", status.lower())
        counted = {who for who, row in found.items() if row.status == status}
        tally_of(ledger, entry, told, counted, f"{scope} {status.lower()}", of)
    why = {who: row.reason or NOT_RECORDED for who, row in found.items()
           if row.status == "DISCONTINUED"}  # fmt: skip
    for reason in sorted(set(why.values())):
        entry = Entry(base.analysis, ALL, scope, f"reason:{slug(reason)}", reason.lower())
        counted = {who for who, own in why.items() if own == reason}
        tally_of(ledger, entry, told, counted, f"{scope} discontinued: {reason.lower()}", of)


def _was_given(person: Person, drug: str) -> bool:
    if person.records.doses is None:
        return _standing(person, drug) is not None
    return any(dose.drug == drug for dose in person.answers.doses)


def _standing(person: Person, scope: str) -> Disposition | None:
    rows = [r for r in person.records.disposition or () if r.scope.lower() == scope.lower()]
    return rows[-1] if rows else None


def _told(person: Person, row: Disposition | None) -> Told:
    if row is None:
        return Told(None, "no disposition recorded", (person.records.subject.source,))
    when = f" on {row.date}" if row.date else ""
    why = f": {row.reason.lower()}" if row.reason else ""
    return Told(None, f"{row.scope} {row.status.lower()}{when}{why}", (row.source,))


def add_deaths(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add deaths, how long after the last dose, and of what; causes of those who died."""
    if any(person.records.follow_up is None for person in population.people):
        return
    dead: dict[str, DeathListing] = {}
    told: dict[str, Told] = {}
    for person in population.of(analysis, ALL):
        death = death_listing(person.records, population.protocol)
        if death is None:
            rows = sorted(person.records.follow_up or (), key=lambda row: row.date)
            source = rows[-1].source if rows else person.records.subject.source
            told[person.subject_id] = Told(None, "not known to be dead", (source,))
        else:
            dead[person.subject_id] = death
            told[person.subject_id] = _told_of(death)
    tally_of(ledger, Entry(analysis, ALL), told, dead, "death", f"{analysis.set} subjects")
    _add_causes(ledger, analysis, dead, set(dead), "", "")
    for item, label, wanted in (
        ("within-30-days", f"at most {DEATH_WINDOW_DAYS} days after the last dose", True),
        ("after-30-days", f"more than {DEATH_WINDOW_DAYS} days after the last dose", False),
        ("without-dose", "without a dose", None),
    ):
        counted = {who for who, death in dead.items() if death.is_within_30_days is wanted}
        if counted or wanted is not None:
            _add_death(ledger, analysis, dead, counted, item, label)
            _add_causes(ledger, analysis, dead, counted, f"{item}:", f"{label}: ")


def _told_of(death: DeathListing) -> Told:
    since = death.days_since_last_dose
    value = None if since is None else count_of(since, "day")
    return Told(value, death_reason(death), death.sources)


def _add_death(
    ledger: Ledger,
    analysis: Analysis,
    dead: dict[str, DeathListing],
    counted: set[str],
    item: str,
    label: str,
) -> None:
    told = {who: _told_of(death) for who, death in dead.items()}
    of = f"{analysis.set} subjects who died"
    tally_of(ledger, Entry(analysis, ALL, "", item, label), told, counted, f"death: {label}", of)


def _add_causes(
    ledger: Ledger,
    analysis: Analysis,
    dead: dict[str, DeathListing],
    among: set[str],
    head: str,
    words: str,
) -> None:
    causes = {who: death.cause or NOT_RECORDED for who, death in dead.items()}
    for cause, name in slugs(sorted(set(causes.values()))).items():
        counted = {who for who in among if causes[who] == cause}
        if counted:
            told = f"cause {cause}" if cause == NOT_RECORDED else f"{cause[:1].lower()}{cause[1:]}"
            label = f"{words}{told}"
            _add_death(ledger, analysis, dead, counted, f"{head}cause:{name}", label)
