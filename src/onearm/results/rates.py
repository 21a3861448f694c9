"""Response rates, best responses, and the verdict on the primary endpoint.

Takes best responses, gives counts and exact intervals. Denominator: the
analysis's set; a subject that cannot be evaluated counts as no responder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from onearm.clinical.derived import BestResponse
from onearm.format import decimal_of, level_text, percent
from onearm.protocol.endpoints import PROPORTIONS, Decision, Endpoint
from onearm.protocol.model import (
    Design,
    PrecisionDesign,
    Protocol,
    SimonDesign,
    SingleStageDesign,
    SurvivalDesign,
)
from onearm.results.ledger import Entry, Ledger, Person, Population
from onearm.results.model import Contribution, Row
from onearm.results.plan import ALL, Analysis
from onearm.stats.proportion import (
    Method,
    Proportion,
    clopper_pearson,
    interval,
    lower_limit_exceeds,
    wilson,
)
from onearm.terms import IResponse, Kind, Response

RESPONDED = (Response.CR, Response.PR)
CONTROLLED = (*RESPONDED, Response.SD)
I_RESPONDED = (IResponse.ICR, IResponse.IPR)
I_CONTROLLED = (*I_RESPONDED, IResponse.ISD)


def _orr(best: BestResponse) -> bool | None:
    return best.confirmed_response


def _orr_unconfirmed(best: BestResponse) -> bool | None:
    return None if best.best is None else best.best in RESPONDED


def _dcr(best: BestResponse) -> bool | None:
    return best.disease_control


def _cbr(best: BestResponse) -> bool | None:
    return best.clinical_benefit


def _orr_irecist(best: BestResponse) -> bool | None:
    return None if best.ibor is None else best.ibor in I_RESPONDED


def counted(
    analysis: Analysis, variant: str, population: Population
) -> tuple[Callable[[BestResponse], bool | None], str]:
    """Return what counts as success, and its name."""
    stable = population.protocol.response.rules.dcr_counts_non_cr_non_pd
    also = (Response.NON_CR_NON_PD,) if stable else ()
    i_also = (IResponse.NON_ICR_NON_IUPD,) if stable else ()
    match analysis.id, variant:
        case "orr", "unconfirmed":
            return _orr_unconfirmed, "best response CR or PR, confirmed or not"
        case "orr", "irecist":
            return _orr_irecist, "best iRECIST response iCR or iPR, confirmed"
        case "orr", _:
            return _orr, "confirmed CR or PR"
        case "dcr", "unconfirmed":
            return (
                lambda best: None if best.best is None else best.best in CONTROLLED + also,
                "best response CR, PR or SD, confirmed or not",
            )
        case "dcr", "irecist":
            return (
                lambda best: None if best.ibor is None else best.ibor in I_CONTROLLED + i_also,
                "best iRECIST response iCR, iPR or iSD",
            )
        case "dcr", _:
            return _dcr, "confirmed CR or PR, or SD of the least duration"
        case _:
            return _cbr, "confirmed CR or PR, or SD of the least duration for benefit"


def add_rate(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add count, total, estimate and limits for each group and variant."""
    for group in analysis.groups:
        people = population.of(analysis, group)
        for variant in analysis.computed:
            is_counted, what = counted(analysis, variant, population)
            entry = Entry(analysis, group, variant)
            makes = partial(_contributions, people, is_counted, variant)
            basis = ledger.basis(entry, what, _denominator(analysis, group.label), makes)
            n = sum(bool(is_counted(best_of(person, variant))) for person in people)
            ledger.share(entry, n, len(people), basis)
            _add_limits(ledger, entry, n, len(people), variant, population, basis)
            if group is ALL and not variant and is_designed_for(population.protocol, analysis.id):
                _add_planned_rates(ledger, entry, population.protocol.design, basis)


def is_designed_for(protocol: Protocol, endpoint: str) -> bool:
    """Return whether the design of the study is one of this response rate."""
    first = next((one.id for one in protocol.endpoints.primary if one.id in PROPORTIONS), None)
    return first == endpoint and not isinstance(protocol.design, SurvivalDesign)


def _add_planned_rates(ledger: Ledger, entry: Entry, design: Design, basis: str) -> None:
    """Add the rates that the design stands on: of no interest, and hoped for."""
    match design:
        case PrecisionDesign():
            rates = (design.lower_limit_above, design.target)
        case SimonDesign() | SingleStageDesign():
            rates = (design.p0, design.p1)
        case _:
            return
    for statistic, rate in zip(("null_rate", "target_rate"), rates, strict=True):
        ledger.add(
            entry, statistic, Kind.PROPORTION, float(rate), method=design.kind, basis=basis,
            formula="as the protocol states it",
        )  # fmt: skip


def best_of(person: Person, variant: str) -> BestResponse:
    """Return the best response of another source or reader, or the one that counts."""
    reading = person.answers.readings.get(variant)
    return person.answers.best if reading is None else reading.best


def _denominator(analysis: Analysis, group: str) -> str:
    return f"{analysis.set} subjects, {group}"


def _contributions(
    people: Sequence[Person], is_counted: Callable[[BestResponse], bool | None], variant: str
) -> Iterator[Contribution]:
    for person in people:
        yield _contribution(person, is_counted(best_of(person, variant)), variant)


def _contribution(person: Person, is_counted: bool | None, variant: str) -> Contribution:
    best = best_of(person, variant)
    value = best.best if variant == "unconfirmed" else best.confirmed_best
    code = best.ibor if variant == "irecist" else value
    role = "counted" if is_counted else "not counted"
    return Contribution(person.subject_id, role, code, best.reason, best.sources)


def _add_limits(
    ledger: Ledger,
    entry: Entry,
    count: int,
    total: int,
    variant: str,
    population: Population,
    basis: str,
) -> None:
    level = 0.90 if variant == "level-90" else population.protocol.analysis.level
    method = "wilson" if variant == "wilson" else population.protocol.analysis.interval
    limits: Proportion | None = None
    if total:
        limits = (wilson if method == "wilson" else clopper_pearson)(count, total, level=level)
    for statistic in ("lower", "upper"):
        ledger.add(
            entry,
            statistic,
            Kind.PROPORTION,
            None if limits is None else getattr(limits, statistic),
            level=level,
            method=method,
            note="nobody in the denominator" if limits is None else None,
            basis=basis,
            formula=f"{method} {level_text(level)} limit of {count} / {total}",
        )


RECIST_ORDER = (
    Response.CR,
    Response.PR,
    Response.SD,
    Response.NON_CR_NON_PD,
    Response.NED,
    Response.PD,
    Response.NE,
    Response.MISSING,
)


def add_responses(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add how many subjects have each best response."""
    for group in analysis.groups:
        people = population.of(analysis, group)
        for variant in analysis.computed:
            order: Iterable[str] = IResponse if variant == "irecist" else RECIST_ORDER
            codes = {person.subject_id: code_of(person, variant) for person in people}
            for code in (*order, "unknown"):
                if code in ("unknown", Response.MISSING, Response.NED, IResponse.NED) and (
                    code not in codes.values()
                ):
                    continue
                entry = Entry(analysis, group, variant, f"response:{_slug(code)}", code)
                basis = ledger.basis(
                    entry,
                    f"best response {code}",
                    _denominator(analysis, group.label),
                    partial(_all_have, people, codes, code, variant),
                )
                n = sum(found == code for found in codes.values())
                ledger.share(entry, n, len(people), basis)
                if not variant:
                    _add_limits(ledger, entry, n, len(people), variant, population, basis)


def _slug(code: str) -> str:
    return code.lower().replace("/", "-")


def code_of(person: Person, variant: str) -> str:
    """Return the best response that a variant counts, or ``unknown``."""
    best = best_of(person, variant)
    if variant == "irecist":
        return best.ibor or ("unknown" if person.answers.time_points else IResponse.NE)
    return (best.best if variant == "unconfirmed" else best.confirmed_best) or "unknown"


def _all_have(
    people: Sequence[Person], codes: Mapping[str, str], code: str, variant: str
) -> Iterator[Contribution]:
    for person in people:
        yield _has(person, codes[person.subject_id], code, variant)


def _has(person: Person, found: str, code: str, variant: str) -> Contribution:
    best = best_of(person, variant)
    role = "counted" if found == code else "not counted"
    return Contribution(person.subject_id, role, found, best.reason, best.sources)


def add_primary(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the verdict: whether the lower limit of the rate is above the threshold.

    The default reads the limit of the protocol's two-sided level; ``level-90``
    the one-sided 5 % limit. "Above" is strict. Protocols without a decision on
    a response rate get no verdict.
    """
    endpoint = _decided(population)
    if endpoint is None or endpoint.decision is None:
        return
    counts = {row.id: row for row in ledger.rows if row.analysis == endpoint.id}
    if f"{endpoint.id}/all/count" not in counts:
        return
    responders, of = counts[f"{endpoint.id}/all/count"], counts[f"{endpoint.id}/all/total"]
    if not of.value:
        return
    method = population.protocol.analysis.interval
    for variant in ("", *analysis.variants):
        level = 0.90 if variant == "level-90" else endpoint.decision.level
        entry = Entry(analysis, ALL, variant)
        _add_verdict(ledger, entry, responders, int(of.value), endpoint.decision, level, method)


def _add_verdict(
    ledger: Ledger,
    entry: Entry,
    responders: Row,
    total: int,
    decision: Decision,
    level: float,
    method: Method,
) -> None:
    threshold, count = float(decision.lower_limit_above), int(responders.value or 0)
    limit = interval(count, total, method=method, level=level).lower
    exceeds = partial(
        lower_limit_exceeds,
        trials=total,
        threshold=decision.lower_limit_above,
        level=decimal_of(level),
        method=method,
    )
    needed = next((k for k in range(total + 1) if exceeds(k)), None)
    rule = f"lower two-sided {level_text(level)} {method} limit above {percent(threshold)} %"
    is_met = exceeds(count)
    sign = ">" if is_met else "<="
    basis = responders.basis
    ledger.add(
        entry, "met", Kind.CODE, code="Y" if is_met else "N", level=level, method=rule,
        basis=basis, formula=f"{percent(limit)} % {sign} {percent(threshold)} %",
    )  # fmt: skip
    ledger.add(
        entry, "limit", Kind.PROPORTION, limit, level=level, method=method, basis=basis,
        formula=f"{method} {level_text(level)} limit of {count} / {total}",
    )  # fmt: skip
    ledger.add(
        entry, "threshold", Kind.PROPORTION, threshold, method=rule, basis=basis,
        formula="as the protocol states it",
    )  # fmt: skip
    ledger.add(
        entry, "responders_needed", Kind.COUNT, needed, level=level, method=rule, basis=basis,
        note="no count meets the rule" if needed is None else None,
        formula=f"fewest responders of {total} whose limit is above the threshold",
    )  # fmt: skip


def _decided(population: Population) -> Endpoint | None:
    for endpoint in population.protocol.endpoints.primary:
        if endpoint.decision is not None and endpoint.id in ("orr", "dcr", "cbr"):
            return endpoint
    return None
