"""``--plot FILE``: the figure of a design or a simulation, as SVG or PNG by the file's ending.

Turns what was computed into rows, draws them, and writes the file beside its
place before it takes it. Figures need matplotlib, the extra ``report``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast, get_args

from onearm.design.posterior import PosteriorDesign
from onearm.design.predictive import PredictiveDesign
from onearm.design.single_stage import ExactDesign
from onearm.design.toxicity import ToxicityBoundary
from onearm.design.two_stage import SimonDesigns
from onearm.errors import InputError, ResultError
from onearm.pipeline.design_study import StudyDesign
from onearm.pipeline.monitor import Monitored
from onearm.pipeline.simulate import Simulated
from onearm.pipeline.simulate_truths import OverTruth
from onearm.results import design_curves as curves
from onearm.results.model import Row
from onearm.sim.figure_rows import rows_of_trials, rows_of_truths
from onearm.terms import Kind

if TYPE_CHECKING:
    from onearm.report.sheet import Drawing, Ending


@dataclass(frozen=True, slots=True)
class Plotted:
    """A figure that was written, and what it shows in words."""

    path: Path
    alternative: str

    def as_text(self) -> str:
        """Return the file and its alternative text."""
        return f"{self.path}: {self.alternative}"

    def as_json(self) -> dict[str, str]:
        """Return the file and its alternative text."""
        return {"path": str(self.path), "alternative": self.alternative}


def plot(answer: object, path: Path) -> Plotted:
    """Draw the design of an answer into a file.

    Raises
    ------
    InputError
        If the file ends neither in .svg nor in .png, or cannot be written.
    ResultError
        If matplotlib is missing, or there is nothing to draw.
    """
    from onearm.report.sheet import image_of

    ending = ending_of(path)
    drawing, _ = drawing_of(answer)
    image = image_of(drawing, ending)
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(image)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)
    return Plotted(path, drawing.alternative)


def ending_of(path: Path) -> Ending:
    """Return the kind of a figure's file, once it is sure that one can be drawn there.

    Raises
    ------
    InputError
        If the file ends neither in .svg nor in .png, or its folder is not there.
    ResultError
        If matplotlib is missing.
    """
    from onearm.report.sheet import Ending

    ending = path.suffix.lower().removeprefix(".")
    if ending not in get_args(Ending):
        raise InputError(f"{path}: a figure ends in .svg or .png; got {path.name!r}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    if find_spec("matplotlib") is None:
        raise ResultError("no figure without matplotlib; pip install 'onearm[report]' brings it")
    return cast("Ending", ending)


def drawing_of(answer: object, columns: int = 2) -> tuple[Drawing, tuple[Row, ...]]:
    """Draw the design of an answer; return the drawing, and the rows that it draws.

    ``columns``, of a journal page, is heeded by the figures of a study and its trial.
    """
    rows, draw = _rows_and_draw(answer, columns)
    return draw(rows), tuple(rows)


def _rows_and_draw(
    answer: object, columns: int
) -> tuple[Sequence[Row], Callable[[Sequence[Row]], Drawing]]:
    from onearm.report import boundaries, design_figures, monitored, simulated

    match answer:
        case StudyDesign():
            name, kind = answer.study, answer.design.kind
            rows = curves.rows_of_study(answer.protocol, answer.design)
            return rows, lambda rows: boundaries.draw_study(rows, name, kind, columns)
        case Monitored():
            of, cutoff = answer.study, answer.cutoff.isoformat() if answer.cutoff else ""
            if answer.planned is not None:
                rows = curves.rows_of_survival_monitor(answer.times, answer.planned)
                return rows, lambda rows: monitored.draw_survival_monitor(rows, of, cutoff, columns)
            rows = curves.rows_of_monitor(answer.rule, answer.course)
            return rows, lambda rows: monitored.draw_monitor(rows, of, cutoff, columns)
        case Simulated(plan=plan, tally=total, truth=truth, numbers=numbers):
            named = f"{plan.protocol.study.id}, scenario {plan.scenario.id}"
            rows = rows_of_trials(plan, total, truth, numbers)
            return rows, lambda rows: simulated.draw_trials(rows, named)
        case OverTruth(plan=plan):
            named = f"{plan.protocol.study.id}, scenario {plan.scenario.id}"
            kind = Kind.DURATION if answer.by_times else Kind.PROPORTION
            steps = [(answer.truth(x), {one.id: one for one in x.numbers}) for x in answer.steps]
            rows = rows_of_truths(steps, kind)
            return rows, lambda rows: simulated.draw_over_truth(rows, named)
    match getattr(answer, "design", None):
        case ExactDesign() as exact:
            return curves.rows_of_exact(exact), design_figures.draw_exact
        case SimonDesigns() as simon:
            return curves.rows_of_simon(simon), design_figures.draw_simon
        case ToxicityBoundary() as toxicity:
            method = toxicity.method
            rows = curves.rows_of_toxicity(toxicity)
            return rows, lambda rows: boundaries.draw_toxicity(rows, method)
        case PredictiveDesign() as predictive:
            rows = curves.rows_of_monitoring(predictive)
            return rows, lambda rows: boundaries.draw_monitoring(rows, "predictive probability")
        case PosteriorDesign() as posterior:
            rows = curves.rows_of_monitoring(posterior)
            return rows, lambda rows: boundaries.draw_monitoring(rows, "posterior probability")
    raise ResultError(f"no figure is drawn of {type(answer).__name__}")
