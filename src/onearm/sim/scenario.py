"""The scenario of a simulation: how patients come, how their tumours behave, what is seen.

A scenario belongs to a protocol and repeats nothing of it. Every value has a
unit in the file and a source, or the word `assumed` with its reason, beside
itself or beside a section around it. Rates are a month, sizes millimetres.
Draws nothing, opens no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from onearm.errors import Finding, InputError
from onearm.format import significant
from onearm.protocol.document import Document, Path, Position
from onearm.protocol.model import Protocol
from onearm.protocol.parse import by_position, validate
from onearm.protocol.values import (
    Name,
    Part,
    PeriodValue,
    Text,
    Texts,
)
from onearm.sim.quantities import Chance, Days, Length, PositiveDays, Rate, Ratio
from onearm.sim.toxicity import Toxicity, contradictions_of


class LogNormalRate(Part):
    """A rate that differs between patients: log-normal by its median and its variation."""

    median: Rate = Field(description="Median over patients")
    cv: Ratio = Field(description="Coefficient of variation between patients")


class LogNormalLength(Part):
    """A length that differs between lesions: log-normal, from ``least`` on."""

    median: Length = Field(description="Median over lesions")
    cv: Ratio = Field(description="Coefficient of variation between lesions")
    least: Length = Field(description="No lesion is smaller at baseline; nodes from 15 mm")


class Group(Part):
    """Patients whose tumours behave alike.

    The relative size of a sensitive tumour after t is
    exp(-shrinkage t) + exp(growth t) - 1, that of another exp(growth t).
    """

    id: Name = Field(description="Name, as a subgroup of the protocol where it is one")
    share: Chance = Field(description="Share of the patients")
    where: dict[str, Texts] = Field({}, description="Characteristics of these patients")
    sensitive: Chance = Field(description="Share of patients whose tumours shrink at first")
    shrinkage: LogNormalRate = Field(description="Rate of shrinkage of a sensitive tumour")
    growth: LogNormalRate = Field(description="Rate of growth of a sensitive tumour")
    growth_resistant: LogNormalRate = Field(description="Rate of growth of another tumour")


class Lesions(Part):
    """The lesions at baseline."""

    targets: tuple[Chance, ...] = Field(description="Shares of patients with 1, 2, ... targets")
    diameter: LogNormalLength = Field(description="Size of a target at baseline")
    organs: dict[str, Chance] = Field(description="Shares of the organs, LYMPH NODE for nodes")
    non_target: Chance = Field(description="Share of patients with non-target lesions")
    gone_below: Length = Field(description="True size below which a lesion is not seen any more")
    non_target_gone_below: Chance = Field(
        description="Relative tumour size below which non-target lesions are gone"
    )


class Reading(Part):
    """What the reader adds: error, scans that show too little, scans that are missed."""

    error: Chance = Field(description="Coefficient of variation of a measured diameter")
    jitter: Days = Field(description="A scan is so many days early or late at most")
    missed: Chance = Field(description="Probability that a scan is missed")
    not_read: Chance = Field(description="Probability that a scan lacks one of the targets")
    never_assessed: Chance = Field(description="Share of patients without any later scan")
    beyond_progression: Days = Field(description="Scans go on so long after the first PD")


class Hazard(Part):
    """A hazard that follows the tumour: baseline + by_size x relative tumour size."""

    baseline: Rate = Field(description="Part that does not depend on the tumour")
    by_size: Rate = Field(description="Part at the tumour size of the baseline")


class NewTherapy(Part):
    """Another therapy after treatment stopped for toxicity."""

    share: Chance = Field(description="Share of those who stopped")
    wait: Days = Field(description="From stopping to the new therapy")


class Events(Part):
    """What ends or changes a patient's course."""

    death: Hazard = Field(description="Death")
    new_lesion: Hazard = Field(description="First new lesion")
    new_lesion_diameter: Length = Field(description="Size of a new lesion when it is first seen")
    non_target: Rate = Field(description="Unequivocal progression of non-target lesions")
    dropout: Rate = Field(description="Withdrawal or loss to follow-up")
    stop_for_toxicity: Rate | None = Field(
        None, description="Treatment stopped for toxicity; absent where `toxicity` says it"
    )
    dose_reduction: Rate | None = Field(
        None, description="First reduction of the dose; absent where `toxicity` says it"
    )
    new_therapy: NewTherapy = Field(description="New therapy after stopping for toxicity")


class PseudoProgression(Part):
    """Tumours that look larger at first, and are not."""

    share: Chance = Field(description="Share of patients")
    increase: Ratio = Field(description="Relative increase of what is measured")
    until: Days = Field(description="It is over by this day")


class Site(Part):
    """A site that enrols from a day on."""

    opens: Days = Field(description="After the opening of the trial")
    rate: Rate = Field(description="Patients that it enrols")


class Accrual(Part):
    """How patients enter the trial."""

    kind: Literal["constant", "poisson", "ramp", "sites"] = Field(
        description="Even intervals, or a Poisson process: even, rising, or the sum over sites"
    )
    rate: Rate | None = Field(None, description="Patients that enter, in the end")
    reached_after: PositiveDays | None = Field(None, description="End of the rise of a ramp")
    sites: tuple[Site, ...] = Field((), description="Sites, each with its opening and rate")


class Interim(Part):
    """How a planned interim look is done."""

    wait: PositiveDays = Field(
        description="A patient without event counts as no responder so long after entry"
    )
    accrual: Literal["continues", "pauses"] = Field(description="While the look is prepared")


class Target(Part):
    """A number that the scenario is to show."""

    measure: Literal["orr", "pfs_median", "pfs_rate", "os_rate", "os_median"] = Field(
        description="Which number"
    )
    group: Name | None = Field(None, description="Of which group; absent, of all")
    at: PeriodValue | None = Field(None, description="Time of a rate")
    value: Ratio | None = Field(None, description="A share")
    months: Ratio | None = Field(None, description="A median, in months")


class Scenario(Part):
    """Everything that a simulation assumes beyond the protocol."""

    scenario: Literal[1] = Field(description="Version of this file format: 1")
    id: Name = Field(description="Name of the scenario")
    title: Text = Field(description="What it supposes, in a sentence")
    horizon: PositiveDays = Field(description="Longest follow-up of a patient")
    groups: tuple[Group, ...] = Field(description="Groups of patients", min_length=1)
    lesions: Lesions = Field(description="Lesions at baseline")
    reading: Reading = Field(description="How scans are done and read")
    events: Events = Field(description="What happens to patients")
    toxicity: Toxicity | None = Field(
        None, description="Adverse events, and what they change in the treatment"
    )
    pseudo_progression: PseudoProgression | None = Field(None, description="Pseudo-progression")
    accrual: Accrual = Field(description="How patients enter")
    interim: Interim | None = Field(None, description="How the planned interim look is done")
    cut_after_last_entry: PositiveDays = Field(
        description="Data cut: so long after the last patient entered"
    )
    targets: tuple[Target, ...] = Field((), description="What the scenario is to show")
    _sources: tuple[tuple[str, str, str], ...] = PrivateAttr(())

    @property
    def sources(self) -> tuple[tuple[str, str, str], ...]:
        """Where the values come from: field, ``source`` or ``assumed``, words."""
        return self._sources


BARE = {
    *("scenario", "id", "title", "where", "measure", "group", "at", "kind", "term", "grade"),
    *("system_organ_class", "related", "serious", "immune_related", "drugs"),
}
"""Keys whose values need no source: they name and describe."""


def parse_scenario(document: Document, protocol: Protocol) -> Scenario:
    """Read a scenario of a protocol.

    Raises
    ------
    InputError
        With every problem: unknown and missing keys, values that are not
        allowed or have no source, contradictions with the protocol.
    """
    reader = _Sources(document)
    data = reader.read(document.data, (), (), is_covered=False)
    plain = replace(document, data=data, values=reader.values, keys=reader.keys)
    scenario, problems = validate(Scenario, plain)
    findings = [*document.findings, *reader.findings, *problems]
    if scenario is not None:
        findings += [
            Finding("error", "contradiction", f"{plain.name(path)} {message}", plain.place(path))
            for path, message in _contradictions(scenario, protocol)
        ]
    if findings or scenario is None:
        raise InputError(sorted(findings, key=by_position))
    scenario._sources = tuple((plain.name(path), *said) for path, said in reader.said)
    return scenario


class _Sources:
    """Takes `source` and `assumed` out of a document, and finds values without either."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.values: dict[Path, Position] = {}
        self.keys: dict[Path, Position] = {}
        self.said: list[tuple[Path, tuple[str, str]]] = []
        self.findings: list[Finding] = []

    def read(self, found: object, here: Path, path: Path, *, is_covered: bool) -> object:
        if here in self.document.keys:
            self.keys.setdefault(path, self.document.keys[here])
        self.values[path] = self.document.values[here]
        if isinstance(found, dict):
            return self._mapping(found, here, path, is_covered=is_covered)
        if isinstance(found, list):
            return [
                self.read(v, (*here, i), (*path, i), is_covered=is_covered)
                for i, v in enumerate(found)
            ]
        if not is_covered and not BARE.intersection(map(str, path)) and found is not None:
            message = f"{self.document.name(here)} needs a `source`, or `assumed` with a reason"
            self.findings.append(Finding("error", "no-source", message, self.document.place(here)))
        return found

    def _mapping(
        self, found: Mapping[str, Any], here: Path, path: Path, *, is_covered: bool
    ) -> object:
        for kind in ("source", "assumed"):
            if kind not in found:
                continue
            words = found[kind]
            if isinstance(words, str) and words.strip():
                self.said.append((path, (kind, " ".join(words.split()))))
                is_covered = True
            else:
                message = f"{self.document.name((*here, kind))} must say where from, or why"
                place = self.document.place((*here, kind))
                self.findings.append(Finding("error", "no-source", message, place))
        rest = {key: value for key, value in found.items() if key not in ("source", "assumed")}
        if set(rest) == {"value"} and len(rest) < len(found):
            return self.read(rest["value"], (*here, "value"), path, is_covered=is_covered)
        return {
            key: self.read(value, (*here, key), (*path, key), is_covered=is_covered)
            for key, value in rest.items()
        }


def _contradictions(scenario: Scenario, protocol: Protocol) -> Iterator[tuple[Path, str]]:
    """Yield what in a scenario contradicts itself or its protocol."""
    sums: tuple[tuple[Path, Iterable[float], str], ...] = (
        (("groups",), [group.share for group in scenario.groups], "shares of the groups"),
        (("lesions", "targets"), scenario.lesions.targets, "shares"),
        (("lesions", "organs"), scenario.lesions.organs.values(), "shares"),
    )
    for path, shares, what in sums:
        if abs(sum(shares) - 1) > 1e-6:
            yield path, f"the {what} must add up to 1; got {significant(sum(shares))}"
    if len(scenario.lesions.targets) > protocol.response.rules.max_targets:
        most = protocol.response.rules.max_targets
        yield ("lesions", "targets"), f"the protocol allows {most} targets at most"
    if protocol.response.assess_every_days is None:
        yield ("reading", "jitter"), "the protocol does not say how often tumours are assessed"
    elif 2 * scenario.reading.jitter >= protocol.response.assess_every_days:
        every = protocol.response.assess_every_days
        yield ("reading", "jitter"), f"must be less than half the interval of {every} days"
    elif scenario.horizon < protocol.response.assess_every_days:
        every = protocol.response.assess_every_days
        yield ("horizon",), f"must be at least {every} days, the first assessment"
    if scenario.reading.missed + scenario.reading.not_read > 1:
        yield ("reading", "not_read"), "missed and not_read together must be at most 1"
    if scenario.lesions.diameter.least > scenario.lesions.diameter.median:
        yield ("lesions", "diameter", "least"), "must be at most the median"
    yield from _of_accrual(scenario.accrual)
    if protocol.design.kind == "simon" and scenario.interim is None:
        yield ("interim",), "is needed: the protocol plans an interim look"
    if protocol.design.kind != "simon" and scenario.interim is not None:
        yield ("interim",), "the protocol plans no interim look"
    yield from _of_groups(scenario, protocol)
    yield from _of_toxicity(scenario, protocol)
    for at, target in enumerate(scenario.targets):
        is_rate = target.measure in ("orr", "pfs_rate", "os_rate")
        where: Path = ("targets", at)
        if (target.value is None) is is_rate or (target.months is None) is not is_rate:
            yield where, "needs `value` for a share, `months` for a median"
        elif target.value is not None and target.value > 1:
            yield where, f"must be a probability between 0 and 1; got {significant(target.value)}"
        if (target.at is None) is (target.measure in ("pfs_rate", "os_rate")):
            yield where, "needs `at` for a rate at a time, and only there"


def _of_accrual(accrual: Accrual) -> Iterator[tuple[Path, str]]:
    if accrual.kind == "sites":
        if not accrual.sites:
            yield ("accrual", "sites"), "is needed for the kind 'sites'"
        elif not any(site.rate > 0 for site in accrual.sites):
            yield ("accrual", "sites"), "nobody would ever enter"
    elif not accrual.rate:
        yield ("accrual", "rate"), f"must be above 0 for the kind {accrual.kind!r}"
    if accrual.kind == "ramp" and accrual.reached_after is None:
        yield ("accrual", "reached_after"), "is needed for the kind 'ramp'"


def _of_toxicity(scenario: Scenario, protocol: Protocol) -> Iterator[tuple[Path, str]]:
    for name in ("stop_for_toxicity", "dose_reduction"):
        is_stated = getattr(scenario.events, name) is not None
        if scenario.toxicity is None and not is_stated:
            yield ("events", name), "is needed where no section `toxicity` says it"
        if scenario.toxicity is not None and is_stated:
            yield ("events", name), "must be left out: the section `toxicity` says it"
    if scenario.toxicity is not None:
        for path, message in contradictions_of(scenario.toxicity, protocol.treatment):
            yield ("toxicity", *path), message


def _of_groups(scenario: Scenario, protocol: Protocol) -> Iterator[tuple[Path, str]]:
    known = {one.id for one in protocol.characteristics}
    known |= {name for subgroup in protocol.subgroups for name in subgroup.where}
    ids = [group.id for group in scenario.groups]
    for at, group in enumerate(scenario.groups):
        if ids.index(group.id) != at:
            yield ("groups", at), "must have an id of its own"
        for name in group.where:
            if name not in known:
                yield ("groups", at, "where", name), "is no characteristic of the protocol"
    for at, target in enumerate(scenario.targets):
        if target.group is not None and target.group not in ids:
            yield ("targets", at, "group"), f"must be one of {', '.join(ids)}; got {target.group!r}"
