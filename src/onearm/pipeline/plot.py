"""``--plot FILE``: the figure of a design, as SVG or PNG by the file's ending.

Turns a computed design into rows, draws them, and writes the file beside its
place before it takes it. Figures need matplotlib, the extra ``report``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from onearm.design.posterior import PosteriorDesign
from onearm.design.predictive import PredictiveDesign
from onearm.design.single_stage import ExactDesign
from onearm.design.toxicity import ToxicityBoundary
from onearm.design.two_stage import SimonDesigns
from onearm.errors import InputError, ResultError
from onearm.pipeline.design_study import StudyDesign
from onearm.pipeline.monitor import Monitored
from onearm.results import design_curves as curves

if TYPE_CHECKING:
    from onearm.report.sheet import Drawing


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
    from onearm.report.sheet import Ending, image_of

    ending = path.suffix.lower().removeprefix(".")
    if ending not in get_args(Ending):
        raise InputError(f"{path}: a figure ends in .svg or .png; got {path.name!r}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    if find_spec("matplotlib") is None:
        raise ResultError("no figure without matplotlib; pip install 'onearm[report]' brings it")
    drawing = _drawing(answer)
    image = image_of(drawing, ending)  # type: ignore[arg-type]
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(image)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        beside.unlink(missing_ok=True)
    return Plotted(path, drawing.alternative)


def _drawing(answer: object) -> Drawing:
    from onearm.report import boundaries, design_figures, monitored

    match answer:
        case StudyDesign():
            rows = curves.rows_of_study(answer.protocol, answer.design)
            return boundaries.draw_study(rows, answer.study, answer.design.kind)
        case Monitored():
            cutoff = "" if answer.cutoff is None else answer.cutoff.isoformat()
            if answer.planned is not None:
                rows = curves.rows_of_survival_monitor(answer.times, answer.planned)
                return monitored.draw_survival_monitor(rows, answer.study, cutoff)
            rows = curves.rows_of_monitor(answer.rule, answer.course)
            return monitored.draw_monitor(rows, answer.study, cutoff)
    found: Any = getattr(answer, "design", None)
    draws: dict[type, Callable[[Any], Drawing]] = {
        ExactDesign: lambda d: design_figures.draw_exact(curves.rows_of_exact(d)),
        SimonDesigns: lambda d: design_figures.draw_simon(curves.rows_of_simon(d)),
        ToxicityBoundary: lambda d: boundaries.draw_toxicity(curves.rows_of_toxicity(d), d.method),
        PredictiveDesign: lambda d: boundaries.draw_monitoring(
            curves.rows_of_monitoring(d), "predictive probability"
        ),
        PosteriorDesign: lambda d: boundaries.draw_monitoring(
            curves.rows_of_monitoring(d), "posterior probability"
        ),
    }
    if type(found) not in draws:
        raise ResultError(f"no figure is drawn of {type(answer).__name__}")
    return draws[type(found)](found)
