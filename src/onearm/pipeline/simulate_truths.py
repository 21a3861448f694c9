"""``onearm simulate --over-truth``: the decision and the duration over the truth.

Runs a scenario at several truths, with the same random numbers. Where responses
decide, the share of sensitive tumours is moved on the logit scale; where times
decide, the rates of growth are multiplied. The step in the middle is the
scenario as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, log
from pathlib import Path

from onearm.format import count_of, months, number, percent, text_table
from onearm.pipeline.simulate import (
    Options,
    Report,
    Simulated,
    decision_words,
    load_scenario,
    number_json,
    plan_of,
    run_plan,
)
from onearm.sim.calibration import growing
from onearm.sim.plan import Plan
from onearm.sim.scenario import Group

STEPS = range(-5, 6)
LOGITS_A_STEP = 0.5
DOUBLINGS_A_STEP = 0.25
SHOWN = ("success", "stop_early", "enrolled_mean", "duration_mean")


@dataclass(frozen=True, slots=True)
class OverTruth:
    """A scenario at several truths, by rising response or falling growth."""

    plan: Plan
    steps: tuple[Simulated, ...]

    @property
    def by_times(self) -> bool:
        """Whether times decide, not counts."""
        return not self.plan.rule.looks

    def truth(self, step: Simulated) -> float | None:
        """Return what the scenario says at a step: a response rate, or a median PFS in days."""
        return step.truth.pfs.median if self.by_times else step.truth.orr

    def as_text(self) -> str:
        """Return one line a truth."""
        study, scenario = self.plan.protocol.study.id, self.plan.scenario
        truth = "True median PFS" if self.by_times else "True ORR"
        has_look = self.plan.rule.n1 is not None
        early = ("P(stop early)",) if has_look else ()
        exact = ("Exact",) if self.plan.rule.looks else ()
        header = (truth, "P(success)", *exact, *early, "Patients, mean", "Data cut, mean")
        note = "; exact is the rule by counts alone, at the true rate of those counted"
        what = "rates of growth" if self.by_times else "shares of sensitive tumours"
        return "\n".join(
            [
                f"{study}, scenario {scenario.id}, over the truth: other {what}",
                f"{count_of(self.steps[0].tally.trials, 'trial')} each, the same random numbers",
                f"Decision: {decision_words(self.plan)}",
                "",
                text_table(header, [self._line(step) for step in self.steps]),
                "",
                f"In brackets the Monte-Carlo errors{note if exact else ''}.",
            ]
        )

    def _line(self, step: Simulated) -> tuple[str, ...]:
        found = {one.id: one for one in step.numbers}
        true, exact = self.truth(step), found["success"].against
        shares = [
            f"{percent(found[name].value or 0)} % ({percent(found[name].error or 0)})"
            for name in ("success", "stop_early")
            if name in found
        ]
        said = "not reached" if true is None else (
            f"{months(true)} months" if self.by_times else f"{percent(true)} %"
        )  # fmt: skip
        return (
            said,
            shares[0],
            *(("" if exact is None else f"{percent(exact)} %",) if self.plan.rule.looks else ()),
            *shares[1:],
            number(found["enrolled_mean"].value or 0, 1),
            f"{months(found['duration_mean'].value or 0)} months",
        )

    def as_json(self) -> dict[str, object]:
        """Return the numbers at each truth; durations in days."""
        return {
            "study": self.plan.protocol.study.id,
            "scenario": self.plan.scenario.id,
            "decision": decision_words(self.plan),
            "trials": self.steps[0].tally.trials,
            "seed": self.plan.seed,
            "truth": "pfs_median" if self.by_times else "orr",
            "steps": [
                {
                    "truth": self.truth(step),
                    "numbers": [number_json(one) for one in step.numbers if one.id in SHOWN],
                }
                for step in self.steps
            ],
        }


def simulate_over_truth(path: Path, options: Options, report: Report) -> OverTruth:
    """Run a scenario at each truth with the same random numbers.

    Raises
    ------
    InputError
        As `simulate`.
    """
    loaded = load_scenario(path)
    plan = plan_of(loaded, options)
    options = replace(options, out=None, resume=False, shard=None)
    steps = []
    for at, moved in enumerate(_moved(plan), start=1):
        report(f"truth {at} of {len(STEPS)}")
        steps.append(run_plan(moved, loaded.key, options, report))
    return OverTruth(plan, tuple(steps))


def _moved(plan: Plan) -> Iterator[Plan]:
    """Yield the plan at each truth: more responses, or slower growth, step by step."""
    for step in STEPS:
        groups = tuple(
            _responding(group, LOGITS_A_STEP * step)
            if plan.rule.looks
            else growing(group, 2 ** (-DOUBLINGS_A_STEP * step))
            for group in plan.scenario.groups
        )
        scenario = plan.scenario.model_copy(update={"groups": groups})
        yield replace(plan, scenario=scenario) if step else plan


def _responding(group: Group, by: float) -> Group:
    """Move the share of sensitive tumours on the logit scale; 0 and 1 stay."""
    share = float(group.sensitive)
    if not 0 < share < 1:
        return group
    return group.model_copy(update={"sensitive": 1 / (1 + exp(-log(share / (1 - share)) - by))})
