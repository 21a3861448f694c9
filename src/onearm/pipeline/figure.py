"""``onearm figure``: one figure of a study as a file, with the plotted data as CSV beside it.

Analyses the study, draws the figure from results and derived records, and
writes SVG, PDF, PNG or TIFF at the width of one or two journal columns. The
same study gives the same bytes. Figures need matplotlib, the extra ``report``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from onearm.errors import InputError, ResultError, nearest
from onearm.format import plain, text_table
from onearm.pipeline.derived import subject_courses
from onearm.pipeline.lab_findings import criteria_of, grades_by_subject
from onearm.pipeline.run import Analysed, analyse
from onearm.protocol.ctcae import Ctcae
from onearm.report.model import Plotted, Span
from onearm.results.model import Results

if TYPE_CHECKING:
    from onearm.report.figures import Ending, Trial
    from onearm.report.gallery import Kind

DPI = (72, 1200)
"""Fewest and most pixels per inch."""


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure that was written, the data beside it, and what it shows in words."""

    name: str
    title: str
    path: Path
    data: Path
    alternative: str
    caption: str
    missing: str = ""  # letters that the font lacks

    def as_text(self) -> str:
        """Return the files, the title, the caption and the alternative text."""
        lines = [self.title, *filter(None, (self.caption,))]
        lines += ["", f"In words: {self.alternative}", ""]
        if self.missing:
            letters = " ".join(self.missing)
            lines += [f"Drawn as boxes, because the font lacks them: {letters}", ""]
        return "\n".join((*lines, f"Figure: {self.path}", f"Data: {self.data}"))

    def as_json(self) -> dict[str, str]:
        """Return the files, the title, the caption and the alternative text."""
        return {
            "figure": self.name,
            "title": self.title,
            "caption": self.caption,
            "alternative": self.alternative,
            "missing_letters": self.missing,
            "path": str(self.path),
            "data": str(self.data),
        }


@dataclass(frozen=True, slots=True)
class FigureList:
    """The figures that can be drawn."""

    kinds: tuple[Kind, ...]

    def as_text(self) -> str:
        """Return a line a figure."""
        rows = [(one.name, one.help, one.takes) for one in self.kinds]
        return text_table(("Figure", "What it shows", "Choose"), rows)

    def as_json(self) -> list[dict[str, str]]:
        """Return name, help, needs and choice of each."""
        return [
            {"name": one.name, "shows": one.help, "needs": one.needs, "choose": one.takes}
            for one in self.kinds
        ]


def list_figures() -> FigureList:
    """Return every figure by name."""
    from onearm.report.gallery import KINDS, OF_DESIGN

    return FigureList((*KINDS, *OF_DESIGN))


def figure(
    study: Path,
    name: str,
    out: Path | None = None,
    *,
    groups: Sequence[str] = (),
    subject: str | None = None,
    columns: int = 2,
    dpi: int = 300,
    at_risk: int = 1,
    bare: bool = False,
) -> DrawnFigure:
    """Draw one figure of a study into a file, and write its data beside it.

    Parameters
    ----------
    study
        The study folder.
    name
        A figure of ``list_figures``.
    out
        The file, ending in .svg, .pdf, .png, .tif or .tiff; ``out/NAME.svg`` by default.
    groups, subject
        Subgroups of the protocol, or a subject, where the figure takes them.
    columns
        1 (86 mm) or 2 (178 mm) columns of a journal page.
    dpi
        Pixels per inch of PNG and TIFF, 72 to 1200.
    at_risk
        Curves end where fewer subjects than these are at risk, at least 1.
    bare
        Leave out title and caption below the figure.

    Raises
    ------
    InputError
        If figure, group, subject, ending, columns, dpi or at_risk is not known.
    ResultError
        If matplotlib is missing, or the study lacks what the figure needs.
    """
    path = out or Path("out") / f"{name}.svg"
    kind, ending = _kind(name), _ending(path)
    if columns not in (1, 2):
        raise InputError(f"a figure is 1 or 2 columns wide; got {columns}")
    if not DPI[0] <= dpi <= DPI[1]:
        raise InputError(f"dpi must be from {DPI[0]} to {DPI[1]}; got {dpi}")
    if at_risk < 1:
        raise InputError(f"at least 1 subject is at risk on a curve; got {at_risk}")
    if at_risk > 1 and not kind.draw.startswith("curves."):
        raise InputError(f"figure {name} has no curve that could end by the number at risk")
    if find_spec("matplotlib") is None:
        raise ResultError("no figure without matplotlib; pip install 'onearm[report]' brings it")
    if not kind.draw:
        if groups or subject is not None:
            raise InputError(f"figure {name} is of the design; it takes no group and no subject")
        return _of_design(study, name, path, ending, columns, dpi)
    from onearm.report.figures import Wanted, image_of, missing_letters, style
    from onearm.report.gallery import draw_figure
    from onearm.report.model import text_of
    from onearm.report.plate import add_caption

    analysed = analyse(study)
    trial = trial_of(analysed)
    _check_choice(kind, trial, groups, subject)
    drawn = draw_figure(kind, trial, Wanted(tuple(groups), subject, columns, at_risk))
    if drawn is None:
        whose = "".join(f" of {one}" for one in (*groups, *filter(None, (subject,))))
        needs = kind.needs + (f", and {at_risk} subjects at risk" if at_risk > 1 else "")
        raise ResultError(f"{study}: no figure {name}{whose}, because it needs {needs}")
    with style():
        if not bare:
            add_caption(drawn)
        image = image_of(drawn.plate.canvas, ending, drawn.title, drawn.alternative, dpi)
    data = path.with_suffix(".csv")
    _write({path: image, data: csv_of(drawn.data, analysed.results).encode()})
    return DrawnFigure(
        name, drawn.title, path, data, drawn.alternative, text_of(drawn.caption),
        missing_letters(drawn.plate.canvas),
    )  # fmt: skip


def _of_design(
    study: Path, name: str, path: Path, ending: Ending, columns: int, dpi: int
) -> DrawnFigure:
    """Draw the design of a study, or where its trial stands, and write the rows beside it."""
    from onearm.pipeline.plot import drawing_of
    from onearm.report.figures import image_of, style

    if name == "monitor":
        from onearm.pipeline.monitor import monitor_study

        drawing, rows = drawing_of(monitor_study(study), columns)
    else:
        from onearm.pipeline.design_study import design_study

        drawing, rows = drawing_of(design_study(study), columns)
    with style():
        image = image_of(drawing.drawn, ending, drawing.title, drawing.alternative, dpi)
    cells = tuple((Span(row.id), Span(row.id, row.id)) for row in rows if row.value is not None)
    data = csv_of(Plotted(("Result", "Value"), cells), Results(tuple(rows)))
    _write({path: image, path.with_suffix(".csv"): data.encode()})
    return DrawnFigure(name, drawing.title, path, path.with_suffix(".csv"), drawing.alternative, "")


def trial_of(analysed: Analysed) -> Trial:
    """Return what the figures of an analysed study are drawn from."""
    from onearm.report.figures import Trial
    from onearm.report.shown import Shown

    study = analysed.study
    shown = Shown(analysed.results, study.protocol)
    courses = subject_courses(study, analysed.derived, grades_by_subject(study))
    return Trial(shown, analysed.derived, study.subjects, courses, _bands(criteria_of(study)))


def _bands(ctcae: Ctcae | None) -> dict[str, tuple[tuple[float, int], ...]]:
    """Return from which multiple of the ULN each grade counts where the baseline is normal."""
    found: dict[str, tuple[tuple[float, int], ...]] = {}
    for term in () if ctcae is None else ctcae.terms:
        edges = [
            (float(limit.factor), grade)
            for band in term.forms.get("normal", {}).get("", ())
            for limit in band.any_of[0]
            for grade in band.grades[:1]
            if (limit.of, limit.ref) == ("", "ULN") and not limit.plus and grade
        ]
        if term.direction == "high" and edges:
            found.setdefault(term.analyte, tuple(sorted(edges)))
    return found


def _kind(name: str) -> Kind:
    from onearm.report.gallery import KINDS, OF_DESIGN, kind_of

    kind = kind_of(name)
    if kind is None:
        names = [one.name for one in (*KINDS, *OF_DESIGN)]
        raise InputError(f"no figure {name!r}{nearest(name, names)}; known: {', '.join(names)}")
    return kind


def _ending(path: Path) -> Ending:
    from onearm.report.figures import Ending

    ending = path.suffix.lower().removeprefix(".")
    known: tuple[Ending, ...] = get_args(Ending)
    found = next((one for one in known if one == ("tif" if ending == "tiff" else ending)), None)
    if found is None:
        endings = ", ".join(f".{one}" for one in known)
        raise InputError(f"{path}: a figure ends in one of {endings}; got {path.name!r}")
    return found


def _check_choice(kind: Kind, trial: Trial, groups: Sequence[str], subject: str | None) -> None:
    if groups and not kind.takes.startswith("group"):
        raise InputError(f"figure {kind.name} is of all patients; it takes no group")
    if len(groups) > 1 and kind.takes == "group":
        raise InputError(f"figure {kind.name} takes one group; got {', '.join(groups)}")
    known = list(dict.fromkeys((*trial.shown.groups, *(r.group for r in trial.shown.results.rows))))
    for group in groups:
        if group not in known:
            raise InputError(
                f"no group {group!r}{nearest(group, known)}; known: {', '.join(known)}"
            )
    if kind.takes == "subject" and subject is None:
        raise InputError(f"figure {kind.name} is of one subject: name it with --subject")
    if subject is not None and kind.takes != "subject":
        raise InputError(f"figure {kind.name} is of all patients; it takes no subject")
    people = [one.subject_id for one in trial.answers]
    if subject is not None and subject not in people:
        first = f"known: {people[0]} to {people[-1]}"
        raise InputError(f"no subject {subject!r}{nearest(subject, people)}; {first}")


def csv_of(data: Plotted, results: Results) -> str:
    """Return plotted data as CSV: exact values, and at the end of a row its results' ids."""
    rows = results.by_id()
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*data.columns, "Results"])
    for cells in data.rows:
        exact = []
        for text, result, _ in cells:
            row = rows.get(result or "")
            exact.append(text if row is None or row.value is None else plain(row.value))
        writer.writerow([*exact, "; ".join(cell.result for cell in cells if cell.result)])
    return out.getvalue()


def _write(files: dict[Path, bytes]) -> None:
    """Write each file beside its place, then rename them all."""
    parts = {path: path.with_name(f".{path.name}.part") for path in files}
    try:
        for path, part in parts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(files[path])
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
