"""``onearm simulate``: whole trials in silico, from a scenario of a study.

Reads the scenario and its protocol, runs blocks of trials, gives the operating
characteristics with their Monte-Carlo errors. The same numbers come from one
process, several, a cluster or shards that are merged.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Protocol as Shape
from typing import cast

from onearm import __version__
from onearm.errors import InputError, nearest
from onearm.format import count_of, months, number, percent, plain, text_table
from onearm.io.yaml import read_yaml
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol
from onearm.sim.address import check_address
from onearm.sim.calibration import Calibration, calibrate
from onearm.sim.engine import ENGINES, Engine, Job, block_path, run
from onearm.sim.plan import Plan
from onearm.sim.scenario import Scenario, parse_scenario
from onearm.sim.summary import Characteristic, characteristics, success
from onearm.sim.tally import Tally
from onearm.sim.truth import Truth, truth_of
from onearm.terms import Kind

Report = Callable[[str], None]
LEAST_TRIALS = 5_000
"""Before a run may stop by its precision: a few trials without success say nothing."""
MOST_BOUNDS = 6
"""Looks of a toxicity boundary that are named one by one."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A scenario with its protocol, and a key that names both files."""

    study: Path
    protocol: Protocol
    scenario: Scenario
    key: str


def load_scenario(path: Path) -> Loaded:
    """Load a scenario and the protocol of the study folder that holds it.

    Raises
    ------
    InputError
        If either cannot be used, or they contradict each other.
    """
    document = read_yaml(path)
    study = path.resolve().parent.parent
    if not (study / "protocol.yaml").is_file():
        raise InputError(
            f"{path}: a scenario stands in the folder `scenarios` of a study; "
            f"{study} holds no protocol.yaml"
        )
    protocol = parse_protocol(read_yaml(study / "protocol.yaml"))
    scenario = parse_scenario(document, protocol)
    text = hashlib.sha256(__version__.encode())
    for file in (study / "protocol.yaml", path):
        text.update(file.read_bytes())
    return Loaded(study, protocol, scenario, text.hexdigest()[:16])


@dataclass(frozen=True, slots=True)
class Simulated:
    """The operating characteristics of a scenario under its protocol."""

    plan: Plan
    tally: Tally
    truth: Truth
    numbers: tuple[Characteristic, ...]
    remark: str | None
    folder: Path | None

    def as_text(self) -> str:
        """Return a table of the operating characteristics, and how to get them again."""
        plan, scenario = self.plan, self.plan.scenario
        trials, patients = count_of(self.tally.trials, "trial"), count_of(plan.enrolled, "patient")
        lines = [
            f"{plan.protocol.study.id}, scenario {scenario.id}: {trials} of {patients}",
            scenario.title,
            f"Decision: {decision_words(plan)}",
            "",
            table_of(self.numbers),
            "",
            f"Seed {plan.seed}, digest {digest_text(self.tally)}",
        ]
        if self.remark:
            lines.append(self.remark)
        if self.folder is not None:
            lines.append(f"Trials, a row each: {self.folder}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return every number with its error, and what it stands beside."""
        return {
            "study": self.plan.protocol.study.id,
            "scenario": self.plan.scenario.id,
            "trials": self.tally.trials,
            "patients": self.plan.enrolled,
            "decision": decision_words(self.plan),
            "seed": self.plan.seed,
            "digest": digest_text(self.tally),
            "remark": self.remark,
            "numbers": [number_json(one) for one in self.numbers],
        }


def number_json(one: Characteristic) -> dict[str, object]:
    """Return one number with its error; durations in days."""
    return {
        "id": one.id,
        "label": one.label,
        "kind": str(one.kind),
        "unit": "days" if one.kind is Kind.DURATION else None,
        "value": one.value,
        "error": one.error,
        "against": one.against,
        "of": one.of,
    }


def digest_text(tally: Tally) -> str:
    """Return the digest of the integer columns of all trials."""
    return f"{tally.digest:064x}"[:16]


def table_of(numbers: Iterable[Characteristic]) -> str:
    """Return the numbers as a table for readers."""
    rows = [
        (one.label, _words(one, one.value) or "not reached", _words(one, one.error, more=1),
         _words(one, one.against),
         one.of or "")
        for one in numbers
    ]  # fmt: skip
    return text_table(("", "Simulated", "MC error", "Beside", "which is"), rows)


def _words(one: Characteristic, value: float | None, *, more: int = 0) -> str:
    if value is None:
        return ""
    if one.kind is Kind.PROPORTION:
        return f"{percent(value, 2)} %"
    if one.kind is Kind.DURATION:
        return f"{months(value)} months"
    return number(value, 1 + more)


def decision_words(plan: Plan) -> str:
    """Return the decision rule in words, with the boundary for toxicity."""
    return _rule_words(plan) + _boundary_words(plan)


def _boundary_words(plan: Plan) -> str:
    if plan.protocol.safety.stopping is None:
        return ""
    if plan.boundary is None:
        return "; the toxicity boundary is not simulated, the scenario states no `toxicity`"
    bounds = [f"{one.high} of {one.n}" for one in plan.boundary.looks if one.high is not None]
    if len(bounds) > MOST_BOUNDS:
        bounds = [*bounds[:2], "...", bounds[-1]]
    return f"; stop for toxicity at {', '.join(bounds)}"


def _rule_words(plan: Plan) -> str:
    rule = plan.rule
    if rule.critical is not None:
        return f"one-sample log-rank Z > {number(rule.critical, 3)} at the data cut"
    needed = rule.needed[rule.n]
    final = f"success from {needed} responders of {rule.n}"
    final += " evaluable" if rule.evaluable else " treated"
    if rule.n1 is None:
        return final
    return f"stop at {rule.r1} or fewer of the first {rule.n1} evaluable, {final}"


@dataclass(frozen=True, slots=True)
class Options:
    """How a simulation is run; what is simulated stands in the plan."""

    trials: int = 10_000
    seed: int = 1
    workers: int = 1
    engine: str = "processes"
    address: str | None = None
    out: Path | None = None
    resume: bool = False
    shard: str | None = None
    until: float | None = None
    merge: tuple[Path, ...] = ()
    calibrate: bool = False
    write_study: Path | None = None
    trial: int = 0
    effects: bool = False
    search: Path | None = None
    over_truth: bool = False
    plot: Path | None = None
    compiled: bool = False


def plan_of(loaded: Loaded, options: Options) -> Plan:
    """Return the plan of a scenario as it stands."""
    return Plan(loaded.protocol, loaded.scenario, options.seed, compiled=options.compiled)


def simulate_scenario(path: Path, options: Options, report: Report = lambda text: None) -> Answer:
    """Do what the options ask for with a scenario."""
    options = replace(options, workers=options.workers or default_workers())
    _check(options)
    _check_verbs(options)
    _check_plot(options)
    if options.write_study is not None:
        from onearm.pipeline.simulated_study import write_study

        return write_study(path, options.write_study, options, options.trial)
    if options.search is not None:
        from onearm.pipeline.simulate_search import search_designs

        return search_designs(path, options, report)
    if options.effects:
        from onearm.pipeline.simulate_effects import simulate_effects

        return simulate_effects(path, options, report)
    if options.over_truth:
        from onearm.pipeline.simulate_truths import simulate_over_truth

        return simulate_over_truth(path, options, report)
    if options.calibrate:
        return calibrate_scenario(path, options, report)
    if options.merge:
        return merge(path, options, options.merge)
    return simulate(path, options, report)


class Answer(Shape):
    """What can be printed."""

    def as_text(self) -> str:
        """Return the answer for a reader."""

    def as_json(self) -> dict[str, object]:
        """Return the answer as dictionaries, lists and scalars."""


def simulate(path: Path, options: Options, report: Report = lambda text: None) -> Simulated:
    """Run the trials of a scenario and return their operating characteristics.

    Raises
    ------
    InputError
        If the scenario, the folder or the cluster cannot be used.
    """
    loaded = load_scenario(path)
    plan = plan_of(loaded, options)
    return run_plan(plan, loaded.key, options, report)


def run_plan(
    plan: Plan, key: str, options: Options, report: Report, blocks: Sequence[int] | None = None
) -> Simulated:
    """Run a plan; ``blocks`` are all of the job unless told."""
    _check(options)
    if options.address is not None:
        check_address(options.address)
    report("drawing the truth of the scenario")
    truth = truth_of(plan)
    folder = _folder(options)
    job = Job(plan, truth, options.trials, f"{key}-{plan.seed}-{plan.counting}", folder)
    chosen = _shard(job, options.shard) if blocks is None else list(blocks)
    total, remark = _collect(job, chosen, options, report)
    if options.shard is not None:
        remark = f"Shard {options.shard} alone; --merge adds the shards up"
    return Simulated(plan, total, truth, characteristics(plan, total, truth), remark, folder)


def _check(options: Options) -> None:
    if options.trials < 1:
        raise InputError(f"--trials must be at least 1; got {options.trials}")
    if not 0 <= options.seed < 2**63:
        raise InputError(f"--seed must be at least 0 and below 2^63; got {options.seed}")
    if options.workers < 1:
        raise InputError(f"--workers must be at least 1; got {options.workers}")
    if options.engine not in ENGINES:
        hint = nearest(options.engine, ENGINES)
        raise InputError(
            f"--engine must be one of {', '.join(ENGINES)}; got {options.engine!r}{hint}"
        )
    if options.address is not None and options.engine != "ray":
        raise InputError("--address goes with --engine ray")
    if options.compiled and find_spec("numba") is None:
        raise InputError("--compiled needs numba: pip install 'onearm[fast]', or leave it out")
    if options.until is not None and not 0 < options.until < 0.5:
        raise InputError(f"--until must be between 0 and 0.5, e.g. 0.002; got {options.until}")
    if options.until is not None and options.shard is not None:
        raise InputError("--until cannot be judged on a shard alone")
    if (options.resume or options.shard) and options.out is None:
        raise InputError("--resume and --shard need --out, where the finished blocks are kept")


def _check_verbs(options: Options) -> None:
    """Refuse options of which one would be passed over in silence."""
    verbs = {
        "--write-study": options.write_study, "--search": options.search,
        "--effects": options.effects, "--over-truth": options.over_truth,
        "--calibrate": options.calibrate, "--merge": options.merge,
    }  # fmt: skip
    asked = [name for name, value in verbs.items() if value]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} do not go together")
    kept = {"--out": options.out, "--resume": options.resume, "--shard": options.shard}
    if asked == ["--search"]:
        kept.pop("--out")  # where the page goes
    passed = [name for name, value in kept.items() if value]
    if asked and passed:
        raise InputError(f"{asked[0]} keeps no blocks of trials: leave {' and '.join(passed)} out")


def _check_plot(options: Options) -> None:
    """Find before the trials are drawn that a figure cannot be."""
    if options.plot is None:
        return
    from onearm.pipeline.plot import ending_of

    if options.write_study or options.search or options.effects or options.calibrate:
        raise InputError("--plot draws the trials of a scenario, or --over-truth")
    ending_of(options.plot)


def _needs_polars() -> None:
    if find_spec("polars") is None:
        raise InputError("trials are kept as Parquet by polars: pip install 'onearm[sim]'")


def _folder(options: Options) -> Path | None:
    if options.out is None:
        return None
    _needs_polars()
    if options.out.exists() and not options.out.is_dir():
        raise InputError(
            f"--out must be a folder, which need not exist yet; {options.out} is a file"
        )
    folder = options.out / "blocks"
    folder.mkdir(parents=True, exist_ok=True)
    for part in folder.glob("*.part"):  # of a worker that was killed while it wrote
        part.unlink(missing_ok=True)
    if any(folder.glob("block-*.parquet")) and not options.resume:
        raise InputError(f"{folder} holds finished blocks; --resume goes on with them")
    return folder


def _shard(job: Job, shard: str | None) -> list[int]:
    if shard is None:
        return list(job.blocks)
    first, _, of = shard.partition("/")
    if not (first.isdigit() and of.isdigit() and 1 <= int(first) <= int(of)):
        raise InputError(f"--shard must be I/N, from 1/N to N/N; got {shard!r}")
    found = list(job.blocks)[int(first) - 1 :: int(of)]
    if not found:
        raise InputError(f"--shard {shard}: there are only {count_of(len(job.blocks), 'block')}")
    return found


def _collect(
    job: Job, blocks: Sequence[int], options: Options, report: Report
) -> tuple[Tally, str | None]:
    """Add up the tallies in the order of the blocks, whatever the order they come in."""
    total, early, at = Tally(), dict[int, Tally](), 0
    found = run(
        job,
        blocks,
        engine=cast(Engine, options.engine),
        workers=options.workers,
        address=options.address,
    )
    started = time.monotonic()
    for done, (block, tally) in enumerate(found, start=1):
        early[block] = tally
        while at < len(blocks) and blocks[at] in early:
            total.add(early.pop(blocks[at]))
            at += 1
            if _is_precise(total, options.until):
                _, error = success(total)
                said = (
                    f"Stopped by precision: the error of P(success) is {percent(error, 3)} points"
                )
                return total, said
        report(_progress_words(done, len(blocks), total.trials, time.monotonic() - started))
    return total, None


def _is_precise(total: Tally, until: float | None) -> bool:
    return until is not None and total.trials >= LEAST_TRIALS and success(total)[1] < until


def _progress_words(done: int, of: int, trials: int, seconds: float) -> str:
    left = ceil(seconds / done * (of - done))
    rate = int(trials / max(seconds, 1e-9))
    return f"{done} of {of} blocks, {rate} trials a second, {count_of(left, 'second')} left"


def merge(path: Path, options: Options, folders: Sequence[Path]) -> Simulated:
    """Return what the finished blocks of several folders amount to.

    Raises
    ------
    InputError
        If a block is missing, there twice, or of another simulation.
    """
    _check(options)
    _needs_polars()
    loaded = load_scenario(path)
    plan = plan_of(loaded, options)
    job = Job(plan, truth_of(plan), options.trials, f"{loaded.key}-{plan.seed}-{plan.counting}")
    where: dict[int, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"--merge needs a folder of finished blocks; {folder} is none")
        held = folder / "blocks" if (folder / "blocks").is_dir() else folder
        for block in job.blocks:
            if block_path(held, block).exists():
                if block in where:
                    raise InputError(f"{block_path(held, block)}: stands in {where[block]} too")
                where[block] = held
    if missing := [block for block in job.blocks if block not in where]:
        of = count_of(len(job.blocks), "block")
        raise InputError(f"{len(missing)} of {of} missing, the first is number {missing[0]}")
    total = Tally()
    for block in job.blocks:
        done = run(replace(job, folder=where[block]), [block])
        total.add(next(iter(done))[1])
    return Simulated(plan, total, job.truth, characteristics(plan, total, job.truth), None, None)


def default_workers() -> int:
    """Return how many processes this machine can keep busy."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """How near a calibrated scenario comes to its targets, and the values that do it."""

    scenario: Scenario
    found: Calibration
    trials: int

    def as_text(self) -> str:
        """Return the fit and the values to put into the scenario file."""
        rows = [
            (fit.label, plain(fit.wanted), number(fit.found or 0, 4), number(fit.error or 0, 4),
             plain(fit.tolerance), "yes" if fit.is_met else "no")
            for fit in self.found.fits
        ]  # fmt: skip
        header = ("Target", "Wanted", "Shown", "MC error", "Within", "Met")
        trials, steps = count_of(self.trials, "trial"), count_of(self.found.steps, "step")
        return "\n".join(
            [
                f"Scenario {self.scenario.id}, calibrated in {steps} of {trials}",
                "",
                text_table(header, rows),
                "",
                "Values for the scenario file:",
                text_table(("Field", "Value"), self.found.changed),
            ]
        )

    def as_json(self) -> dict[str, object]:
        """Return the fit and the values."""
        return {
            "scenario": self.scenario.id,
            "trials": self.trials,
            "steps": self.found.steps,
            "targets": [
                {"target": f.label, "wanted": f.wanted, "shown": f.found, "error": f.error,
                 "tolerance": f.tolerance, "is_met": f.is_met}
                for f in self.found.fits
            ],
            "values": dict(self.found.changed),
        }  # fmt: skip


def calibrate_scenario(path: Path, options: Options, report: Report) -> Calibrated:
    """Change a scenario until it meets its targets, and report the fit; no file is changed.

    Raises
    ------
    InputError
        If a target cannot be met: how near it came.
    """
    loaded = load_scenario(path)
    _check(options)
    plan = plan_of(loaded, options)
    return Calibrated(loaded.scenario, calibrate(plan, options.trials, report), options.trials)
