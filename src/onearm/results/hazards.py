"""Hazard ratios as result rows: both intervals, the p-value beside them, Firth where it is needed.

Takes times, events and a covariate, gives rows. The default is the maximum
likelihood; the variant ``firth`` stands beside it where the likelihood is
monotone, so that a finite estimate exists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from onearm.results.ledger import Entry, Ledger, Population
from onearm.stats.cox import Coefficient, CoxFit, cox
from onearm.terms import Kind

FIRTH = "firth"
NOBODY = "nobody with a time"
NOTHING = Coefficient(None, None, None, None, None, None, None, None, False, NOBODY)


def add_hazard_ratio(
    ledger: Ledger,
    population: Population,
    entry: Entry,
    rows: Sequence[tuple[float, float, bool, float]],
    basis: str,
    caution: str | None = None,
) -> float | None:
    """Add the hazard ratio of one covariate; return the p-value of the likelihood ratio.

    ``rows`` are (start, stop, event, covariate). ``caution`` stands as a note on each
    ratio. The p-value of a monotone likelihood is that of its supremum.
    """
    methods = population.protocol.analysis
    fits = [_fit(rows, population, firth=False)]
    if fits[0] is not None and fits[0].coefficients[0].is_monotone:
        fits.append(_fit(rows, population, firth=True))
    for variant, fit in zip(("", FIRTH), fits, strict=False):
        one = NOTHING if fit is None else fit.coefficients[0]
        method = f"cox, {methods.ties} ties" + (", Firth's penalty" if variant else "")
        of = replace(entry, variant=variant)
        for statistic, value, how in _numbers(one):
            note = caution if value is not None else one.note
            ledger.add(
                of, statistic, Kind.RATIO, value, level=methods.level, method=f"{method}, {how}",
                note=note, basis=basis,
            )  # fmt: skip
        p_value = None if fit is None else fit.p_value_likelihood_ratio
        ledger.add(
            of, "p_value", Kind.P_VALUE, p_value, method=f"{method}, likelihood ratio",
            note=caution if p_value is not None else one.note,
            basis=basis,
        )  # fmt: skip
    return None if fits[0] is None else fits[0].p_value_likelihood_ratio


def _fit(
    rows: Sequence[tuple[float, float, bool, float]], population: Population, *, firth: bool
) -> CoxFit | None:
    if not rows:
        return None
    starts, stops, events, values = zip(*rows, strict=True)
    methods = population.protocol.analysis
    return cox(
        stops, events, [[value] for value in values], starts=starts, ties=methods.ties,
        firth=firth, level=methods.level,
    )  # fmt: skip


def _numbers(one: Coefficient) -> list[tuple[str, float | None, str]]:
    found = (
        ("hazard_ratio", one.estimate, "estimate"),
        ("lower", one.profile_lower, "profile likelihood"),
        ("upper", one.profile_upper, "profile likelihood"),
        ("wald_lower", one.wald_lower, "Wald"),
        ("wald_upper", one.wald_upper, "Wald"),
    )
    return [(name, None if x is None else math.exp(x), how) for name, x, how in found]
