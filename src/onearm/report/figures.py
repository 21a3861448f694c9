"""The figures of a report, drawn once, as SVG whose marks carry the result's id.

Every bar, step, mark and printed number of a figure has the id of the result
that it shows as its ``id``; a second mark of one result adds what it is
(``pfs/all/median#line``). The same rows give the same bytes. matplotlib is
loaded when the first figure is drawn; text is drawn as paths, so that a figure
looks the same everywhere. Computes nothing.
"""

from __future__ import annotations

import datetime as dt
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, Protocol
from xml.sax.saxutils import escape

from onearm import format as fmt
from onearm.clinical.derived import BestResponse, Event, SubjectCourse, TimePoint
from onearm.clinical.records import Source, SubjectRecords, known_day
from onearm.report.model import Phrase, Span, phrase, text_of
from onearm.report.shown import Shown
from onearm.results.model import slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

INK = "#1b1f24"
MUTED = "#5b6570"
RULE = "#c9d0d6"
POINTS_PER_INCH = 72
DPI = 300
Ending = Literal["svg", "pdf", "png", "tif"]
STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # shipped with matplotlib: no search among other fonts
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.hinting": "no_hinting",  # letters as wide in pixels as in outlines
    "svg.fonttype": "path",
    "svg.hashsalt": "onearm",
    "hatch.linewidth": 0.6,
}


class Cycle(Protocol):
    """One drug in one cycle, beside the plan."""

    @property
    def subject_id(self) -> str: ...  # noqa: D102
    @property
    def cycle(self) -> int: ...  # noqa: D102
    @property
    def drug(self) -> str: ...  # noqa: D102
    @property
    def first_date(self) -> dt.date | None: ...  # noqa: D102
    @property
    def planned_days(self) -> int: ...  # noqa: D102
    @property
    def given_days(self) -> int: ...  # noqa: D102
    @property
    def given(self) -> Decimal: ...  # noqa: D102
    @property
    def planned(self) -> Decimal | None: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102
    @property
    def deviations(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def sources(self) -> tuple[Source, ...]: ...  # noqa: D102


class Course(Protocol):
    """Everything given to one subject, cycle by cycle."""

    @property
    def drugs(self) -> Sequence[Cycle]: ...  # noqa: D102


class Intensity(Protocol):
    """Dose intensity of one drug; ``relative`` to the plan, 1 is 100 %."""

    @property
    def drug(self) -> str: ...  # noqa: D102
    @property
    def relative(self) -> Fraction | None: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def sources(self) -> tuple[Source, ...]: ...  # noqa: D102


class Answers(Protocol):
    """What the figures use of the answers about one subject."""

    @property
    def subject_id(self) -> str: ...  # noqa: D102
    @property
    def time_points(self) -> Sequence[TimePoint]: ...  # noqa: D102
    @property
    def best(self) -> BestResponse: ...  # noqa: D102
    @property
    def events(self) -> dict[str, Event]: ...  # noqa: D102
    @property
    def course(self) -> Course: ...  # noqa: D102
    @property
    def intensities(self) -> Sequence[Intensity]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Trial:
    """What figures are drawn from: the results, and each subject's records and answers.

    ``records`` and ``courses`` (what happened to each subject, by day) may be
    missing; figures that need them are then left out. ``bands`` holds by analyte
    from which multiple of the upper limit of normal each grade counts.
    """

    shown: Shown
    answers: Sequence[Answers]
    records: Sequence[SubjectRecords] = ()
    courses: Sequence[SubjectCourse] = ()
    bands: Mapping[str, Sequence[tuple[float, int]]] = field(default_factory=dict)

    def members(self, group: str) -> frozenset[str] | None:
        """Return the subjects of a group; None means everybody."""
        if group == "all":
            return None
        for analysis in ("died", "orr", "pfs", "ae"):
            if self.shown.row(f"{analysis}/{group}/total") is not None:
                return frozenset(self.shown.subjects(f"{analysis}/{group}/total"))
        return frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which figure is wanted: of which groups, which subject, how many columns wide.

    Curves end where fewer than ``at_risk`` subjects are at risk.
    """

    groups: tuple[str, ...] = ()
    subject: str | None = None
    columns: int = 2
    at_risk: int = 1

    @property
    def group(self) -> str:
        """The one group of a figure that shows one."""
        return self.groups[0] if self.groups else "all"


@contextmanager
def style() -> Iterator[None]:
    """Draw with our settings alone, whatever the user's own are.

    A letter that the font lacks is drawn as a box; ``missing_letters`` tells which.
    """
    import matplotlib

    ours: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
    ours.update(STYLE)
    ours.pop("backend", None)
    with matplotlib.rc_context(ours), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def missing_letters(drawing: Canvas) -> str:
    """Return the letters of a figure that its font lacks, and that stand as boxes in it."""
    from matplotlib.font_manager import findfont, get_font
    from matplotlib.text import Text

    known = get_font(findfont(STYLE["font.family"][0])).get_charmap()
    used = {letter for text in drawing.findobj(Text) for letter in text.get_text()}
    return "".join(sorted(letter for letter in used if ord(letter) not in known and letter > " "))


def canvas(width: float, height: float) -> Canvas:
    """Return an empty figure, in inches."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas

    drawing = Canvas(figsize=(width, height))
    FigureCanvasSVG(drawing)
    return drawing


def svg_of(drawing: Canvas) -> str:
    """Return a figure as SVG text, without date and program."""
    out = io.StringIO()
    about = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    drawing.savefig(out, format="svg", metadata=about, transparent=True)
    return out.getvalue()


def image_of(drawing: Canvas, ending: Ending, title: str, words: str, dpi: int = DPI) -> bytes:
    """Return a figure as the bytes of a file, with its title and its words inside.

    ``dpi``, pixels per inch, counts for png and tif. No file holds a date or a program.
    """
    out = io.BytesIO()
    said = {"Title": title, "Description": words}
    none: dict[str, Any] = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    plain: dict[str, Any] = {"facecolor": "white", "dpi": dpi}
    match ending:
        case "svg":
            drawing.savefig(out, format="svg", metadata={**none, **said}, facecolor="white")
            label = escape(words, {'"': "&quot;"})
            head = f'<svg role="img" aria-label="{label}" '
            return out.getvalue().replace(b"<svg ", head.encode(), 1)
        case "png":
            drawing.savefig(out, format="png", metadata={"Software": None, **said}, **plain)
        case "pdf":
            none = dict.fromkeys(("Creator", "Producer", "CreationDate"))
            about = {**none, "Title": title, "Subject": words}
            drawing.savefig(out, format="pdf", metadata=about, facecolor="white")
        case "tif":
            packed = {"compression": "tiff_lzw", "description": words.encode("ascii", "replace")}
            drawing.savefig(out, format="tiff", pil_kwargs=packed, **plain)
    return out.getvalue()


def label_of(shown: Shown, group: str) -> str:
    """Return the name of a group: of a subgroup, or of a level of a biomarker."""
    if group in shown.groups:
        return "All" if group == "all" else shown.groups[group]
    for marker in shown.protocol.biomarkers:
        if group.startswith(f"{slug(marker.id)}-"):
            level = group.removeprefix(f"{slug(marker.id)}-").replace("-", " ")
            return f"{marker.label} {level}"
    return group


def marker_groups(shown: Shown, analysis: str) -> dict[str, tuple[str, ...]]:
    """Return by biomarker the levels of which an analysis has results, as groups."""
    groups = dict.fromkeys(
        row.group for row in shown.results.rows if row.analysis == analysis and not row.item
    )
    found = {
        marker.id: tuple(
            group
            for group in groups
            if group not in shown.groups and group.startswith(f"{slug(marker.id)}-")
        )
        for marker in shown.protocol.biomarkers
    }
    return {name: of for name, of in found.items() if of}


def rate_caption(shown: Shown, group: str = "all") -> Phrase:
    """Return 'ORR 11/30 (36.67%; 95% CI, 19.93-56.14)'."""
    head = f"orr/{group}"
    return phrase(
        "ORR ",
        shown.value(f"{head}/count"),
        "/",
        shown.value(f"{head}/total"),
        " (",
        shown.value_with_unit(f"{head}/estimate"),
        "; ",
        shown.limits(f"{head}/lower", f"{head}/upper"),
        ")",
    )


def cutoff_text(shown: Shown) -> str:
    """Return ' Data cut-off 2021-10-08.', or nothing."""
    day = shown.protocol.study.data_cutoff
    return "" if day is None else f" Data cut-off {day.isoformat()}."


def undated_text(answers: Iterable[Answers]) -> str:
    """Return ' Not drawn, of an unknown day: S01 WEEK 6.', or nothing."""
    found = [
        f"{point.subject_id} {point.visit}"
        for one in answers
        for point in one.time_points
        if known_day(point.date) is None
    ]
    return f" Not drawn, of an unknown day: {', '.join(found)}." if found else ""


def plain_text(*parts: str | Span | Phrase) -> str:
    """Return a phrase as text, for alternative texts."""
    return text_of(phrase(*parts)).replace(fmt.EN_DASH, " to ")
