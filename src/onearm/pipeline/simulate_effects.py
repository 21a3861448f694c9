"""``onearm simulate --effects``: what confirmation, criteria, missed scans and censoring change.

Runs the same patients under each variant of a plan, so that a difference is
the variant's. Each variant changes one thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from onearm.format import count_of, months, percent, text_table
from onearm.pipeline.simulate import (
    Options,
    Report,
    decision_words,
    load_scenario,
    number_json,
    plan_of,
    run_plan,
)
from onearm.protocol.censoring import PRESETS
from onearm.sim.plan import Plan
from onearm.sim.summary import Characteristic

SHOWN = ("success", "orr_mean", "pfs_median", "duration_mean")


@dataclass(frozen=True, slots=True)
class Effect:
    """One variant with its operating characteristics."""

    id: str
    label: str
    numbers: dict[str, Characteristic]


@dataclass(frozen=True, slots=True)
class Effects:
    """The variants of a plan, the plan itself first."""

    plan: Plan
    trials: int
    effects: tuple[Effect, ...]

    def as_text(self) -> str:
        """Return one line a variant."""
        study, scenario = self.plan.protocol.study.id, self.plan.scenario
        rows = [(effect.label, *map(_words, _of(effect))) for effect in self.effects]
        header = ("", "P(success)", "ORR, mean", "Median PFS", "Data cut, mean")
        return "\n".join(
            [
                f"{study}, scenario {scenario.id}: the same patients in each line",
                f"{count_of(self.trials, 'trial')} each",
                f"Decision: {decision_words(self.plan)}",
                "",
                text_table(header, rows),
                "",
                "In brackets the Monte-Carlo errors; differences between lines are known better.",
            ]
        )

    def as_json(self) -> dict[str, object]:
        """Return every number of every variant."""
        return {
            "study": self.plan.protocol.study.id,
            "scenario": self.plan.scenario.id,
            "trials": self.trials,
            "seed": self.plan.seed,
            "variants": [
                {
                    "id": effect.id,
                    "label": effect.label,
                    "numbers": [number_json(one) for one in effect.numbers.values()],
                }
                for effect in self.effects
            ],
        }


def _of(effect: Effect) -> list[Characteristic]:
    return [effect.numbers[name] for name in SHOWN]


def _words(one: Characteristic) -> str:
    if one.value is None:
        return "not reached"
    write = months if one.id in ("pfs_median", "duration_mean") else percent
    unit = "months" if write is months else "%"
    error = "" if one.error is None else f" ({write(one.error, 2)})"
    return f"{write(one.value, 2)} {unit}{error}"


def simulate_effects(path: Path, options: Options, report: Report) -> Effects:
    """Run each variant of a scenario's plan on the same patients.

    Raises
    ------
    InputError
        As `simulate`.
    """
    loaded = load_scenario(path)
    plan = plan_of(loaded, options)
    options = replace(options, out=None, resume=False, shard=None)
    effects = []
    for name, label, variant in variants(plan):
        report(label)
        found = run_plan(variant, loaded.key, options, report)
        effects.append(Effect(name, label, {one.id: one for one in found.numbers}))
    return Effects(plan, options.trials, tuple(effects))


def variants(plan: Plan) -> Iterator[tuple[str, str, Plan]]:
    """Yield each variant of a plan: its name, its label, and the plan."""
    yield "planned", "As planned", plan
    yield "unconfirmed", "Responses without confirmation", replace(plan, counting="unconfirmed")
    yield "irecist", "By iRECIST", replace(plan, counting="irecist")
    scenario = plan.scenario
    done = scenario.reading.model_copy(update={"missed": 0.0, "not_read": 0.0})
    yield (
        "no-missed-scans",
        "No scan missed or incomplete",
        replace(plan, scenario=scenario.model_copy(update={"reading": done})),
    )
    if scenario.toxicity is not None:
        rates = {"stop_for_toxicity": 0.0, "dose_reduction": 0.0}
        events = scenario.events.model_copy(update=rates)
        harmless = scenario.model_copy(update={"toxicity": None, "events": events})
        yield "no-toxicity", "No adverse event", replace(plan, scenario=harmless)
    for preset in PRESETS:
        if PRESETS[preset] != plan.censoring():
            yield f"censoring-{preset}", f"PFS censored as {preset}", replace(plan, preset=preset)
