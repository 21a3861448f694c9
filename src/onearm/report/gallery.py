"""Every figure of a study by name: what it shows, what it needs, and who draws it.

The one list that the report, the command and the documentation share. A figure
is drawn at the width of one or two journal columns; where its data are missing
it is left out. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from onearm.report.figures import Trial, Wanted, style, svg_of
from onearm.report.model import Figure
from onearm.report.plate import Drawn

Draw = Callable[[Trial, Wanted], Drawn | None]


class Kind(NamedTuple):
    """A figure that can be drawn; ``draw`` is its place, module and name.

    ``takes`` says what can be chosen: groups, a group, a subject.
    """

    name: str
    help: str
    needs: str
    draw: str
    takes: str = ""
    arguments: tuple[str, ...] = ()

    def function(self) -> Draw:
        """Return the function that draws it."""
        module, name = self.draw.split(".")
        found = getattr(import_module(f"onearm.report.{module}"), name)
        draw: Draw = found(*self.arguments) if self.arguments else found
        return draw


TIMES = "times to this event"
KINDS = (
    Kind("flow", "Who was screened, enrolled, treated, and went on", "subjects", "flow.draw_flow"),
    Kind("waterfall", "Best change of the target sum, a bar a patient",
         "a target sum after baseline", "waterfall.draw_waterfall", "group"),
    Kind("swimmer", "Time on treatment and course of response, a lane a patient",
         "doses", "swimmer.draw_swimmer", "group"),
    Kind("spider", "Change of the target sum over time, a line a patient",
         "a target sum after baseline", "spider.draw_spider", "group"),
    Kind("forest", "Objective response rate by subgroup, with the rate of no interest",
         "a response rate", "forest.draw_forest", "groups"),
    Kind("pfs", "Progression-free survival", TIMES, "curves.Curves", "groups", ("pfs",)),
    Kind("os", "Overall survival", TIMES, "curves.Curves", "groups", ("os",)),
    Kind("dor", "Duration of response, of responders", "a confirmed response", "curves.Curves",
         "groups", ("dor",)),
    Kind("ipfs", "Progression-free survival by iRECIST", "responses by iRECIST", "curves.Curves",
         "groups", ("ipfs",)),
    Kind("pfs-by-subgroup", "Progression-free survival, two subgroups apart",
         "two subgroups that share no subject", "curves.CurvesApart", "groups", ("pfs",)),
    Kind("os-by-subgroup", "Overall survival, two subgroups apart",
         "two subgroups that share no subject", "curves.CurvesApart", "groups", ("os",)),
    Kind("pfs-by-biomarker", "Progression-free survival by the levels of a biomarker",
         "a biomarker with levels", "curves.CurvesByMarker", "groups", ("pfs",)),
    Kind("os-by-biomarker", "Overall survival by the levels of a biomarker",
         "a biomarker with levels", "curves.CurvesByMarker", "groups", ("os",)),
    Kind("irae-incidence", "Cumulative incidence of immune-related events",
         "immune-related events and times", "incidence.draw_incidence"),
    Kind("trae", "Treatment-related adverse events by term: any grade, and grade 3 or higher",
         "related adverse events", "butterfly.Butterfly", "group", ("trae",)),
    Kind("ae", "Adverse events by term: any grade, and grade 3 or higher", "adverse events",
         "butterfly.Butterfly", "group", ("ae",)),
    Kind("trae-by-drug", "Treatment-related adverse events by term and drug",
         "related adverse events of several drugs", "butterfly.draw_by_drug", "group"),
    Kind("events", "Adverse events by patient: the worst grade of each term",
         "treatment-emergent adverse events", "event_grid.draw_events", "group"),
    Kind("exposure", "Every cycle of every patient and drug, beside the plan", "doses",
         "exposure.draw_exposure", "group"),
    Kind("dose-intensity", "Relative dose intensity by drug, a point a patient", "doses",
         "exposure.draw_intensity", "group"),
    Kind("labs", "Liver values over time, in multiples of the upper limit of normal",
         "liver values with their limits", "lab_lines.draw_labs", "group"),
    Kind("hys-law", "Highest ALT or AST against the highest bilirubin, with the quadrants",
         "ALT or AST, and bilirubin, with their limits", "hys_law.draw_hys_law"),
    Kind("shift", "Laboratory grades, from baseline to the worst on treatment",
         "graded laboratory values above grade 0", "lab_shift.draw_shift"),
    Kind("lesions", "Diameters, their sum, and the response of each scan of one patient",
         "a measured target lesion", "lesion_lines.draw_lesions", "subject"),
    Kind("profile", "Doses, responses, adverse events and medication of one patient",
         "a first dose", "patient_profile.draw_profile", "subject"),
    Kind("accrual", "Patients enrolled over time, against the plan", "days of enrolment",
         "accrual.draw_accrual"),
    Kind("accrual-by-site", "Patients enrolled over time, a line a site",
         "days of enrolment and sites", "accrual.draw_by_site"),
)  # fmt: skip
"""In the order in which they are listed."""
OF_DESIGN = (
    Kind("monitor", "Where a running trial stands before the zones of its design",
         "a design with a boundary", ""),
    Kind("design", "What the planned design does over the true rate", "a design", ""),
)  # fmt: skip
"""Figures of the protocol's design, which have their own sheet."""

PAPER = (
    *("flow", "waterfall", "swimmer", "pfs", "os"),
    *("dor", "pfs-by-subgroup", "os-by-subgroup", "forest"),
)
"""The figures of the report: those of a paper, then those of its supplement."""
STUDY_REPORT = (
    *("flow", "accrual", "waterfall", "spider", "swimmer", "forest", "pfs", "os", "dor"),
    *("pfs-by-subgroup", "os-by-subgroup", "pfs-by-biomarker", "os-by-biomarker"),
    *("irae-incidence", "trae", "ae", "dose-intensity", "labs", "hys-law"),
)
"""The figures of a clinical study report: of patients, efficacy, then safety."""
ONE_COLUMN = ("flow",)
"""Figures of a document that are drawn one column wide, and so can be read on a telephone."""
SUPPLEMENT = ("dor", "pfs-by-subgroup", "os-by-subgroup", "forest")


def kind_of(name: str) -> Kind | None:
    """Return the figure of this name."""
    return next((kind for kind in (*KINDS, *OF_DESIGN) if kind.name == name), None)


def draw_figure(kind: Kind, trial: Trial, want: Wanted) -> Drawn | None:
    """Draw one figure; None where its data are missing."""
    with style():
        return kind.function()(trial, want)


def draw_figures(
    trial: Trial,
    names: Sequence[str] = PAPER,
    progress: Callable[[str], None] = lambda step: None,
) -> tuple[Figure, ...]:
    """Draw figures for a document, numbered in their order; those without data are left out.

    ``progress`` is told which figure is being drawn.
    Raises ImportError without matplotlib (the extra ``report``).
    """
    figures: list[Figure] = []
    numbers = {"": 0, "S": 0}
    for name in names:
        progress(f"drawing figure {name}")
        kind = kind_of(name)
        want = Wanted(columns=1 if name in ONE_COLUMN else 2)
        drawn = None if kind is None else draw_figure(kind, trial, want)
        if drawn is None:
            continue
        series = "S" if name in SUPPLEMENT else ""
        numbers[series] += 1
        figures.append(figure_of(drawn, f"figure-{name}", f"Figure {series}{numbers[series]}"))
    return tuple(figures)


def figure_of(drawn: Drawn, name: str, number: str) -> Figure:
    """Return a figure that was drawn as a block of a document."""
    with style():
        svg = svg_of(drawn.plate.canvas)
    return Figure(
        name, number, drawn.title, svg, drawn.alternative, drawn.caption, drawn.data, drawn.marks
    )
