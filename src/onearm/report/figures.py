"""The figures of a report, drawn once, as SVG whose marks carry the result's id.

Every bar, step, mark and printed number of a figure has the id of the result
that it shows as its ``id``; a second mark of one result adds what it is
(``pfs/all/median#line``). The same rows give the same bytes. matplotlib is
loaded when the first figure is drawn; text is drawn as paths, so that a figure
looks the same everywhere. Computes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from onearm import format as fmt
from onearm.clinical.derived import BestResponse, Event, TimePoint
from onearm.protocol import model as planned
from onearm.report.model import Figure, Phrase, Span, phrase, text_of
from onearm.report.shown import Shown
from onearm.results.model import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

INK = "#1b1f24"
MUTED = "#5b6570"
RULE = "#c9d0d6"
POINTS_PER_INCH = 72
STYLE = {
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
    "svg.fonttype": "path",
    "svg.hashsalt": "onearm",
    "hatch.linewidth": 0.6,
}


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


Draw = Callable[[Shown, Sequence[Answers]], Figure | None]


def draw_figures(
    protocol: planned.Protocol, results: Results, derived: Sequence[Answers]
) -> tuple[Figure, ...]:
    """Draw every figure for which there are results, in the order of the report.

    Raises ImportError without matplotlib (the extra ``report``).
    """
    from onearm.report.curves import draw_os, draw_pfs, draw_pfs_by_subgroup
    from onearm.report.flow import draw_flow
    from onearm.report.waterfall import draw_waterfall

    shown = Shown(results, protocol)
    draws: tuple[Draw, ...] = (
        draw_flow,
        draw_waterfall,
        draw_pfs,
        draw_os,
        draw_pfs_by_subgroup,
    )
    with style():
        drawn = [draw(shown, derived) for draw in draws]
    return tuple(figure for figure in drawn if figure is not None)


@contextmanager
def style() -> Iterator[None]:
    """Draw with our settings alone, whatever the user's own are."""
    import matplotlib

    ours: dict[Any, Any] = dict(matplotlib.rcParamsDefault)
    ours.update(STYLE)
    ours.pop("backend", None)
    with matplotlib.rc_context(ours):
        yield


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


def write(axes: Axes, at: tuple[float, float], spans: Phrase, **look: Any) -> None:
    """Write a phrase from the left, each number with its result's id.

    ``at`` is in points from the upper left corner of the axes.
    """
    before: Any = None
    space = 0.0
    gap = 0.32 * look.get("fontsize", 9.0)  # width of a space
    for span in spans:
        text = span.text.strip()
        if not text:
            space += gap * len(span.text)
            continue
        space += gap * (len(span.text) - len(span.text.lstrip()))
        where: dict[str, Any] = {"xy": (0, 1), "xycoords": "axes fraction", "xytext": at}
        if before is not None:
            where = {"xy": (1, 0), "xycoords": before, "xytext": (space, 0)}
        before = axes.annotate(
            text, **where, textcoords="offset points", va="bottom", ha="left",
            annotation_clip=False, parse_math=False, **look,
        )  # fmt: skip
        if span.result:
            before.set_gid(f"{span.result}#text")
        space = gap * (len(span.text) - len(span.text.rstrip()))


def rate_caption(shown: Shown) -> Phrase:
    """Return 'ORR 11/30 (36.67 %, 95 % CI 19.93-56.14)'."""
    return phrase(
        "ORR ",
        shown.value("orr/all/count"),
        "/",
        shown.value("orr/all/total"),
        " (",
        shown.value_with_unit("orr/all/estimate"),
        f"; {shown.level} CI ",
        shown.interval("orr/all/lower", "orr/all/upper"),
        ")",
    )


def cutoff_text(shown: Shown) -> str:
    """Return ' Data cut-off 2021-10-08.', or nothing."""
    day = shown.protocol.study.data_cutoff
    return "" if day is None else f" Data cut-off {day.isoformat()}."


def plain_text(*parts: str | Span | Phrase) -> str:
    """Return a phrase as text, for alternative texts."""
    return text_of(phrase(*parts)).replace(fmt.EN_DASH, " to ")
