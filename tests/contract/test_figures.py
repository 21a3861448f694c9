"""Every figure read back: where its marks stand, against the results and records they show.

The places are read from the SVG, the values from result rows, derived records
or the study's own files; the two must lie on one line, whatever the scale.
"""

import ast
import csv
import datetime as dt
import importlib.util
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from onearm import format as fmt
from onearm.cli import app
from onearm.pipeline.figure import trial_of
from onearm.pipeline.run import analyse
from onearm.report.figures import Trial, Wanted, image_of, missing_letters, style, svg_of
from onearm.report.gallery import KINDS, draw_figure, kind_of
from onearm.report.plate import GRADES, RESPONSES, Drawn, add_caption, width_of
from onearm.report.shown import Shown

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
STUDIES = ("tqb2450-ib-02", "nct07083375")
ALL = (*STUDIES, "nct07388875", "gastric-xelox")
SUBJECTS = {
    "tqb2450-ib-02": "TQB-016",
    "nct07083375": "QL-031",
    "nct07388875": "SK-001",
    "gastric-xelox": "GX-01",
}
NAMES = [kind.name for kind in KINDS]


class Trials(dict):
    """The analysed studies by name; each figure is drawn once for the tests that only read it."""

    def __init__(self, trials):
        super().__init__(trials)
        self._drawn = {}

    def drawn(self, study, name, columns=2) -> Drawn | None:
        key = study, name, columns
        if key not in self._drawn:
            kind = kind_of(name)
            self._drawn[key] = draw_figure(kind, self[study], wanted(kind, study, columns))
        return self._drawn[key]


@pytest.fixture(scope="module")
def trials():
    return Trials({name: trial_of(analyse(ROOT / "studies" / name)) for name in ALL})


def wanted(kind, study, columns=2):
    return Wanted((), SUBJECTS[study] if kind.takes == "subject" else None, columns)


def drawn_of(trials, study, name, columns=2) -> Drawn:
    drawn = trials.drawn(study, name, columns)
    assert drawn is not None
    return drawn


def marks(drawn):
    """Return the elements of a figure by id, as its SVG holds them."""
    with style():
        root = ElementTree.fromstring(svg_of(drawn.plate.canvas))
    return {e.get("id"): e for e in root.iter() if e.get("id")}


def corners(element):
    """Return the points of the first path of an element."""
    path = element.find(f".//{SVG}path").get("d")
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def places(element):
    """Return where the markers of an element stand."""
    return [(float(use.get("x")), float(use.get("y"))) for use in element.iter(f"{SVG}use")]


def box(element):
    """Return left, right, top and bottom of a rectangle."""
    xs, ys = zip(*corners(element), strict=True)
    return min(xs), max(xs), min(ys), max(ys)


def colour(element):
    """Return the colour with which an element is filled."""
    found = re.search(r"fill: (#[0-9a-f]{6})", ElementTree.tostring(element, encoding="unicode"))
    return found[1]


def assert_affine(pairs, near=0.02):
    """Assert that places are one affine function of values."""
    (v0, p0), (v1, p1) = min(pairs), max(pairs)
    assert v0 != v1
    for value, place in pairs:
        assert place == pytest.approx(p0 + (value - v0) * (p1 - p0) / (v1 - v0), abs=near)


def words_of(drawn, first):
    """Return the id of the one mark whose words begin so."""
    found = [
        name for name, words in drawn.marks.items()
        if words.startswith(first) and not name.endswith("-after")
    ]  # fmt: skip
    assert len(found) == 1, (first, found)
    return found[0]


# Every figure, in both widths.

LACKS = {
    *(("tqb2450-ib-02", name) for name in ("labs", "hys-law", "shift")),
    *(("tqb2450-ib-02", f"{name}-by-biomarker") for name in ("pfs", "os")),
    ("nct07388875", "ipfs"),
    ("nct07388875", "os-by-biomarker"),
    *(("gastric-xelox", name) for name in NAMES if name not in ("flow", "pfs")),
}
"""What a study has no data for: it collected no such table."""


@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", ALL)
@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_cut_and_no_two_overlap(trials, study, name, columns):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    kind = kind_of(name)
    drawn = draw_figure(kind, trials[study], wanted(kind, study, columns))
    if drawn is None:
        assert (study, name) in LACKS
        return
    with style():
        add_caption(drawn)
        canvas = drawn.plate.canvas
        canvas.set_dpi(72)
        FigureCanvasAgg(canvas).draw()
        unseen = _unseen(canvas)
        found = [
            (text.get_text(), text.get_window_extent())
            for text in canvas.findobj(Text)
            if text.get_text().strip() and text.get_visible() and text not in unseen
        ]
        small = [(t.get_text(), t.get_fontsize()) for t in canvas.findobj(Text)
                 if t.get_text().strip() and t.get_fontsize() < 6]  # fmt: skip
    assert small == []  # points, at the size in which a journal prints it
    assert [words for words, _ in found if "\N{HORIZONTAL ELLIPSIS}" in words] == []
    width, height = canvas.get_size_inches() * 72
    cut = [
        (words, extent)
        for words, extent in found
        if extent.x0 < -0.5
        or extent.y0 < -0.5
        or extent.x1 > width + 0.5
        or extent.y1 > height + 0.5
    ]
    assert cut == []
    overlapping = [
        (a, b)
        for i, (a, one) in enumerate(found)
        for b, other in found[i + 1 :]
        if _overlap(one, other)
    ]
    assert overlapping == []


def _unseen(canvas):
    """Return the labels of ticks that lie outside their axes, and so are not drawn."""
    return {
        label
        for axes in canvas.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.majorTicks, *axis.minorTicks)
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) - 1e-9
        <= tick.get_loc()
        <= max(axis.get_view_interval()) + 1e-9
    }


def _overlap(one, other):
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    # The box of a text has room for ascenders and descenders; letters meet only beyond it.
    return wide > 0.6 and high > 0.35 * min(one.height, other.height)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_the_width_of_its_columns(trials, name, columns):
    study = "nct07083375"
    drawn = drawn_of(trials, study, name, columns)
    millimetres = drawn.plate.canvas.get_size_inches()[0] * 25.4

    assert millimetres == pytest.approx({1: 86, 2: 178}[columns])
    assert drawn.plate.height < 235 / 25.4 * 72  # a page of a journal


@pytest.mark.parametrize("study", STUDIES)
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_says_what_it_shows_and_until_when(trials, study, name):
    drawn = trials.drawn(study, name)
    if drawn is None:
        assert (study, name) in LACKS
        return
    caption = "".join(span.text for span in drawn.caption)

    assert f"Data cut-off {trials[study].shown.protocol.study.data_cutoff}." in caption
    assert len(drawn.alternative) > 40
    assert drawn.data.rows
    assert {len(row) for row in drawn.data.rows} == {len(drawn.data.columns)}


@pytest.mark.parametrize("study", ALL)
@pytest.mark.parametrize("name", NAMES)
def test_every_mark_has_a_result_or_words(trials, study, name):
    drawn = trials.drawn(study, name)
    if drawn is None:
        assert (study, name) in LACKS
        return
    elements, rows = marks(drawn), trials[study].shown.rows

    assert set(drawn.marks) <= set(elements)
    ids = [one.partition("#")[0] for one in elements if "/" in one]
    censored = [one for one in ids if one.endswith("/censored")]
    assert all(one in rows for one in ids if one not in censored)
    cells = {cell.result for row in drawn.data.rows for cell in row if cell.result}
    assert cells <= set(rows)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_a_printed_result_is_its_row_as_the_profile_prints_it(trials, name, columns):
    from matplotlib.text import Text

    for study in STUDIES:
        kind, shown = kind_of(name), trials[study].shown
        drawn = draw_figure(kind, trials[study], wanted(kind, study, columns))
        for text in drawn.plate.canvas.findobj(Text) if drawn else ():
            result = (text.get_gid() or "").partition("#")[0]
            if "/" in result:
                printed = re.escape(fmt.result(shown.rows[result], shown.profile))
                pattern = rf"(?<![0-9.]){printed}(?![0-9.])"
                assert re.search(pattern, text.get_text()), (result, text.get_text())


@pytest.mark.parametrize("name", NAMES)
def test_the_same_study_gives_the_same_svg(trials, name):
    kind = kind_of(name)
    images = []
    for _ in range(2):
        drawn = draw_figure(kind, trials["nct07083375"], wanted(kind, "nct07083375"))
        with style():
            images.append(svg_of(drawn.plate.canvas))

    assert images[0] == images[1]


# One figure after the other.


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_a_bar_of_the_waterfall_is_as_high_as_the_change(trials, study, columns):
    drawn = drawn_of(trials, study, "waterfall", columns)
    elements, rows = marks(drawn), trials[study].shown.rows
    bars = [rows[name] for name in elements if name in rows and "#" not in name]
    best = {one.subject_id: one.best.confirmed_best for one in trials[study].answers}

    edges = []
    for row in bars:
        points = corners(elements[row.id])
        edges.append((row.value, max((y for _, y in points), key=lambda y: abs(y - points[0][1]))))
        expected = RESPONSES[str(best[row.label] or "NE")]
        assert colour(elements[row.id]) == expected
    assert len(bars) == rows["best-change/all/count"].value
    assert_affine(edges)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_a_circle_marks_complete_responses_whose_nodes_remain(trials, study, columns):
    """RECIST 1.1, 4.3.1: CR, and any pathological node below 10 mm; taken from the lesions' rows.

    Of the scan with the smallest sum, what is still measured is a node.
    """
    drawn = drawn_of(trials, study, "waterfall", columns)
    expected = {}
    for records, one in zip(trials[study].records, trials[study].answers, strict=True):
        complete = {point.visit for point in one.time_points if point.overall == "CR"}
        left = [row for row in records.lesions if row.visit in complete
                and row.lesion_type == "TARGET" and row.diameter_um]  # fmt: skip
        if one.best.confirmed_best == "CR":
            assert all(row.is_nodal and row.diameter_um < 10_000 for row in left)
            expected[one.subject_id] = bool(left)
    circles = {name.split("subject:")[1].split("/")[0].upper()
               for name in marks(drawn) if name.endswith("#nodal")}  # fmt: skip

    assert circles == {who for who, is_nodal in expected.items() if is_nodal} != set()
    said = "".join(span.text for span in drawn.caption)
    assert "lymph nodes among the target lesions shrank to a normal short axis" in said
    table = {row[0].text: row[-1].text for row in drawn.data.rows}
    assert {who for who, nodal in table.items() if nodal == "Y"} == circles


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("endpoint", ["pfs", "os", "dor", "ipfs"])
@pytest.mark.parametrize("study", STUDIES)
def test_a_curve_falls_where_its_results_say(trials, study, endpoint, columns):
    drawn = drawn_of(trials, study, endpoint, columns)
    elements, rows = marks(drawn), trials[study].shown.rows
    steps = [
        row for row in rows.values()
        if row.id.startswith(f"{endpoint}/all/step:") and row.statistic == "survival"
    ]  # fmt: skip
    ends = {row: corners(elements[row.id])[-1] for row in steps}
    day = {row: float(row.item.partition(":")[2]) for row in steps}

    assert_affine([(row.value, y) for row, (_, y) in ends.items()])
    assert_affine([(day[row], x) for row, (x, _) in ends.items()])
    lines = [(row.value, ends[row][1]) for row in steps]
    for landmark in trials[study].shown.protocol.analysis.landmarks:
        row = rows[f"{endpoint}/all/rate_{landmark.suffix}"]
        if row.value is not None:
            ((x, y),) = places(elements[f"{row.id}#mark"])
            assert_affine([*lines, (row.value, y)])
            assert_affine([*((day[r], ends[r][0]) for r in steps), (float(landmark.days), x)])


@pytest.mark.parametrize("columns", [1, 2])
def test_the_table_below_a_curve_stands_under_its_months(trials, columns):
    drawn = drawn_of(trials, "tqb2450-ib-02", "pfs-by-subgroup", columns)
    elements, rows = marks(drawn), trials["tqb2450-ib-02"].shown.rows
    texts = {text.get_gid(): text for text in drawn.plate.page.texts if text.get_gid()}
    counts = [name for name in texts if "/month:" in name]
    groups = {name.split("/")[1] for name in counts}

    assert groups == {"asps", "non-asps"}
    for group in groups:
        own = {}
        for name in counts:
            if name.split("/")[1] == group:
                own.setdefault(rows[name].item, {})[rows[name].statistic] = rows[name].value
        for of_month in own.values():
            total = rows[f"pfs/{group}/total"].value
            assert sum(of_month.values()) == total
            assert set(of_month) == {"at_risk", "events_before", "censored_before"}
    assert all(texts[name].get_text() == str(rows[name].value) for name in counts)
    assert all(name in elements for name in counts)


@pytest.mark.parametrize("least", [1, 2, 5, 8, 15])
@pytest.mark.parametrize("group", ["all", "asps", "non-asps"])
def test_a_curve_ends_where_fewer_are_at_risk(trials, group, least):
    """Who is at risk is counted here from the times of the subjects."""
    trial = trials["tqb2450-ib-02"]
    members = set(trial.shown.subjects(f"pfs/{group}/total"))
    days = [one.events["pfs"].days for one in trial.answers if one.subject_id in members]
    drawn = draw_figure(kind_of("pfs"), trial, Wanted((group,), None, 2, least))
    if len(days) < least:
        assert drawn is None
        return
    end = max(day for day in days if sum(one >= day for one in days) >= least)
    last = int(drawn.data.rows[-1][1].text)
    elements = marks(drawn)
    steps = {name for name in elements if name.startswith(f"pfs/{group}/step:")}

    assert last == end
    assert steps == {f"pfs/{group}/step:{row[1].text}/survival" for row in drawn.data.rows}
    few = max(day for day in days if 10 * sum(one >= day for one in days) >= len(days))
    for name in steps:
        is_pale = "opacity: 0.5" in ElementTree.tostring(elements[name], encoding="unicode")
        assert is_pale == (int(name.split(":")[1].split("/")[0]) > few)
    assert (f"where fewer than {least} are at risk" in drawn.caption[0].text) == (least > 1)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_the_forest_stands_at_the_rates_and_limits(trials, study, columns):
    drawn = drawn_of(trials, study, "forest", columns)
    elements, rows = marks(drawn), trials[study].shown.rows
    pairs = []
    for group in trials[study].shown.groups:
        head = f"orr/{group}"
        if rows[f"{head}/estimate"].value is None:
            continue
        ((x, _),) = places(elements[f"{head}/estimate"])
        pairs.append((rows[f"{head}/estimate"].value, x))
        ends = corners(elements[f"{head}/lower#limits"])
        pairs += [(rows[f"{head}/{name}"].value, x)
                  for name, (x, _) in zip(("lower", "upper"), ends, strict=True)]  # fmt: skip
    line = corners(elements["orr/all/estimate#line"])[0][0]
    pairs.append((rows["orr/all/estimate"].value, line))
    if "orr/all/null_rate" in rows:
        pairs.append((rows["orr/all/null_rate"].value,
                      corners(elements["orr/all/null_rate#line"])[0][0]))  # fmt: skip

    assert_affine(pairs)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_the_incidence_climbs_where_its_results_say(trials, study, columns):
    drawn = drawn_of(trials, study, "irae-incidence", columns)
    elements, rows = marks(drawn), trials[study].shown.rows
    steps = [
        row for row in rows.values()
        if row.id.startswith("irae-incidence/all/step:") and row.statistic == "incidence"
    ]  # fmt: skip
    ends = [(row, corners(elements[row.id])[-1]) for row in steps]

    assert_affine([(row.value, y) for row, (_, y) in ends])
    assert_affine([(float(row.item.partition(":")[2]), x) for row, (x, _) in ends])
    censored = {row.item for row in rows.values() if row.analysis == "irae-incidence"
                and row.item and row.statistic == "censored" and row.value > 0}  # fmt: skip
    ticks = {
        rows[name.partition("#")[0]].item for name in elements if name.endswith("censored#mark")
    }
    assert ticks == censored


def test_curves_part_by_the_levels_of_a_biomarker(trials):
    trial = trials["nct07083375"]
    drawn = drawn_of(trials, "nct07083375", "pfs-by-biomarker")
    elements, rows = marks(drawn), trial.shown.rows
    for level, value in (("positive", "POSITIVE"), ("negative", "NEGATIVE")):
        head = f"pfs/slfn11-{level}"
        own = {r.subject.subject_id for r in trial.records for b in r.biomarkers or ()
               if b.marker == "slfn11" and b.value == value}  # fmt: skip
        assert set(trial.shown.subjects(f"{head}/total")) <= own
        steps = [
            row for row in rows.values()
            if row.id.startswith(f"{head}/step:") and row.statistic == "survival"
        ]  # fmt: skip
        assert_affine([(row.value, corners(elements[row.id])[-1][1]) for row in steps])
    assert drawn.title.endswith("SLFN11 expression positive and SLFN11 expression negative")


@pytest.mark.parametrize("name", ["trae", "ae"])
@pytest.mark.parametrize("study", STUDIES)
def test_both_wings_of_the_butterfly_have_one_scale(trials, study, name):
    drawn = drawn_of(trials, study, name)
    elements, rows = marks(drawn), trials[study].shown.rows
    bars = [rows[one] for one in elements if one in rows and "#" not in one]
    lengths = [(row.value, box(elements[row.id])[1] - box(elements[row.id])[0]) for row in bars]

    assert {row.statistic for row in bars} == {"any_estimate", "grade_3_estimate"}
    assert_affine(lengths)
    any_grade = [row for row in bars if row.statistic == "any_estimate"]
    heights = sorted(any_grade, key=lambda row: box(elements[row.id])[2])
    assert [r.value for r in heights] == sorted((r.value for r in any_grade), reverse=True)
    assert all(row.value >= 0.10 for row in any_grade)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_a_lane_of_the_swimmer_is_as_long_as_the_treatment(trials, study, columns):
    drawn = drawn_of(trials, study, "swimmer", columns)
    elements = marks(drawn)
    ends, heights, reached = [], [], []
    for course in trials[study].courses:
        for part in course.segments:
            if part.kind == "TREATMENT":
                name = words_of(drawn, f"{course.subject_id}: treatment, ")
                left, right, top, _ = box(elements[name])
                ends += [(0, left), (part.end_day, right)]
                heights.append((part.end_day, -top))
        for mark in course.marks:
            if mark.kind == "PD":
                name = words_of(drawn, f"{course.subject_id}: progression")
                reached.append((mark.day, places(elements[name])[0][0]))

    assert_affine(ends + reached)
    assert [day for day, _ in sorted(heights, key=lambda pair: pair[1])] == sorted(
        day for day, _ in heights
    )


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", [*STUDIES, "nct07388875"])
def test_the_events_of_each_drug_stand_on_one_scale(trials, study, columns):
    drawn = drawn_of(trials, study, "trae-by-drug", columns)
    elements, rows = marks(drawn), trials[study].shown.rows
    bars = [rows[one] for one in elements if one in rows and "#" not in one]
    lengths = [(row.value, box(elements[row.id])[1] - box(elements[row.id])[0]) for row in bars]

    assert_affine([(0, 0), *lengths])
    names = {drug.name.lower().replace(" ", "-")
             for drug in trials[study].shown.protocol.treatment.drugs}  # fmt: skip
    assert {row.variant for row in bars} == names
    assert {row.statistic for row in bars} == {"any_estimate", "grade_3_estimate"}


@pytest.mark.parametrize("study", STUDIES)
def test_a_response_of_the_swimmer_has_its_colour_from_scan_to_scan(trials, study):
    drawn = drawn_of(trials, study, "swimmer")
    elements = marks(drawn)
    pairs = []
    for course in trials[study].courses:
        for part in course.segments:
            if part.kind == "RESPONSE" and part.end_day - part.start_day > 4:
                name = words_of(
                    drawn, f"{course.subject_id}: {part.code}, {part.start} to {part.end} "
                )
                left, right, _, _ = box(elements[name])
                pairs += [(max(part.start_day - 1, 0), left), (part.end_day, right)]
                if part.code != "NE":
                    assert colour(elements[name]) == RESPONSES[part.code]

    assert len(pairs) > 50
    assert_affine(pairs)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_a_line_of_the_spider_goes_through_the_changes_of_its_scans(trials, study, columns):
    drawn = drawn_of(trials, study, "spider", columns)
    elements = marks(drawn)
    by_panel = {}
    for course in trials[study].courses:
        points = [point for point in course.changes if point.day > 0]
        known = [p for p in points if p.change_percent is not None and not p.is_after_pd]
        if not any(point.change_percent is not None for point in points):
            continue
        name = words_of(drawn, f"{course.subject_id}: confirmed best")
        found = places(elements[name])
        values = [(0, 0.0), *((p.day, min(p.change_percent, 150)) for p in known)]
        assert len(found) == len(values)
        start = found[0]
        by_panel.setdefault(start, []).extend(zip(values, found, strict=True))

    for pairs in by_panel.values():
        assert_affine([(day, x) for (day, _), (x, _) in pairs])
        assert_affine([(change, y) for (_, change), (_, y) in pairs])


def test_the_lesions_of_a_patient_stand_at_their_diameters(trials):
    study = "nct07083375"
    drawn = drawn_of(trials, study, "lesions")
    elements = marks(drawn)
    course = next(c for c in trials[study].courses if c.subject_id == SUBJECTS[study])
    pairs = []
    for lesion in {one.lesion_id for one in course.lesions if one.lesion_type == "TARGET"}:
        own = sorted((one for one in course.lesions if one.lesion_id == lesion),
                     key=lambda one: one.day)  # fmt: skip
        own = [one for one in own if one.evaluator == "INVESTIGATOR"]  # whose responses count
        found = places(elements[words_of(drawn, f"{course.subject_id}: {lesion}, ")])
        measured = [(one.day, one.diameter_um) for one in own if one.diameter_um is not None]
        pairs += list(zip(measured, found, strict=True))
    total = places(elements[words_of(drawn, f"{course.subject_id}: sum")])
    sums = [(p.day, p.sum_um) for p in course.changes if p.day > 0 and p.sum_um is not None]
    pairs += list(zip(sums, total[-len(sums) :], strict=True))

    assert len(pairs) >= 12
    assert_affine([(day, x) for (day, _), (x, _) in pairs])
    assert_affine([(um, y) for (_, um), (_, y) in pairs])
    low = min(um for _, um in sums)
    ring = places(elements[words_of(drawn, f"{course.subject_id}: nadir")])[0]
    assert ring in [place for (day, um), place in pairs if um == low]


def test_each_scan_has_its_letters_below_the_lesions(trials):
    study = "nct07083375"
    drawn = drawn_of(trials, study, "lesions")
    elements = marks(drawn)
    answers = next(a for a in trials[study].answers if a.subject_id == SUBJECTS[study])
    for point in answers.time_points:
        for strip, code in (("RECIST 1.1", point.overall), ("iRECIST", point.irecist)):
            name = words_of(drawn, f"{point.subject_id}: {strip} {code}, {point.visit} on ")
            assert name in elements
            if strip == "RECIST 1.1" and str(code) != "NE":
                assert colour(elements[name]) == RESPONSES[str(code)]


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_a_cell_of_the_event_grid_has_the_worst_grade(trials, study, columns):
    drawn = drawn_of(trials, study, "events", columns)
    elements = marks(drawn)
    worst = {}
    for course in trials[study].courses:
        for event in course.adverse_events:
            if event.is_emergent:
                key = (event.term, course.subject_id)
                worst[key] = max(worst.get(key, 0), event.grade or 0)
    terms = {words.split(": ")[1].split("\n")[0] for words in drawn.marks.values()}
    shown = {key: grade for key, grade in worst.items() if key[0] in terms}
    frequency = Counter(term for term, _ in worst)

    assert len(drawn.marks) == len(shown)
    for (term, who), grade in shown.items():
        assert colour(elements[words_of(drawn, f"{who}: {term}\n")]) == GRADES[grade]
    left_out = [count for term, count in frequency.items() if term not in terms]
    assert max(left_out, default=0) <= min(frequency[term] for term in terms)


@pytest.mark.parametrize("study", STUDIES)
def test_the_calendar_has_a_tile_a_cycle_and_drug(trials, study):
    drawn = drawn_of(trials, study, "exposure")
    elements = marks(drawn)
    cycles = [cycle for one in trials[study].answers for cycle in one.course.drugs]
    tiles = {}
    for cycle in cycles:
        first = f"{cycle.subject_id}: {cycle.drug}, cycle {cycle.cycle}, "
        name = words_of(drawn, first)
        words = drawn.marks[name].split("\n")[0].removeprefix(first)
        assert (words == "omitted") == (cycle.given_days == 0)
        assert (words == "as planned") == (not cycle.deviations and cycle.given_days > 0)
        assert (words == "reduced") == ("REDUCED" in cycle.deviations and cycle.given_days > 0)
        left, right, _, _ = box(elements[name])
        tiles.setdefault(cycle.drug, []).append((cycle.cycle, (left + right) / 2))

    assert len(drawn.marks) == len(cycles)
    for pairs in tiles.values():
        assert_affine(pairs)


@pytest.mark.parametrize("study", STUDIES)
def test_a_point_of_the_dose_intensity_stands_at_its_share(trials, study):
    drawn = drawn_of(trials, study, "dose-intensity")
    elements, rows = marks(drawn), trials[study].shown.rows
    pairs = []
    for one in trials[study].answers:
        for intensity in one.intensities:
            name = words_of(drawn, f"{one.subject_id}: {intensity.drug}, ")
            pairs.append((float(intensity.relative), places(elements[name])[0][1]))
    for drug in trials[study].shown.protocol.treatment.drugs:
        row = rows[f"dose-intensity.{drug.name.lower()}/all/relative/median"]
        pairs.append((row.value, corners(elements[row.id])[0][1]))

    assert_affine(pairs)


def test_a_liver_value_stands_at_its_multiple_of_the_limit(trials):
    """The multiples are computed here from the records' own value and limit."""
    trial = trials["nct07083375"]
    drawn = drawn_of(trials, "nct07083375", "labs")
    elements = marks(drawn)
    for test, name in (("ALT", "Alanine aminotransferase"), ("BILI", "Bilirubin")):
        pairs, days = [], []
        for records, course in zip(trial.records, trial.courses, strict=True):
            own = sorted((lab for lab in records.labs if lab.test == test and lab.uln),
                         key=lambda lab: lab.date)  # fmt: skip
            if not own:
                continue
            found = corners(elements[words_of(drawn, f"{records.subject.subject_id}: {name}")])
            assert len(found) == len(own)
            pairs += [(math.log10(float(lab.value) / float(lab.uln)), y)
                      for lab, (_, y) in zip(own, found, strict=True)]  # fmt: skip
            start = records.subject.first_dose_date
            days += [((lab.date - start).days + (lab.date >= start), x)
                     for lab, (x, _) in zip(own, found, strict=True)]  # fmt: skip
            assert course.subject_id == records.subject.subject_id
        assert_affine(pairs)
        assert_affine(days)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_point_of_hys_law_stands_at_both_peaks(trials, columns):
    """The peaks are taken here from the records, of all values but those at baseline."""
    trial = trials["nct07083375"]
    drawn = drawn_of(trials, "nct07083375", "hys-law", columns)
    elements, rows = marks(drawn), trial.shown.rows
    across, upwards, beyond = [], [], 0
    for records in trial.records:
        peak = {}
        for lab in records.labs:
            if lab.uln and not lab.is_baseline and lab.date >= records.subject.first_dose_date:
                kind = "enzyme" if lab.test in ("ALT", "AST") else lab.test
                peak[kind] = max(peak.get(kind, 0), float(lab.value) / float(lab.uln))
        who = records.subject.subject_id.lower()
        row = rows[f"hys-law/all/subject:{who}/transaminase"]
        assert row.value == pytest.approx(peak["enzyme"])
        ((x, y),) = places(elements[row.id])
        across.append((math.log10(peak["enzyme"]), x))
        upwards.append((math.log10(peak["BILI"]), y))
        beyond += peak["enzyme"] >= 3 and peak["BILI"] > 2

    assert_affine([*across, (math.log10(3), corners(elements["limit-transaminase"])[0][0])])
    assert_affine([*upwards, (math.log10(2), corners(elements["limit-bilirubin"])[0][1])])
    assert beyond == rows["hys-law/all/quadrant:hys-law/count"].value == 1


# CTCAE 5.0, alanine aminotransferase and blood bilirubin increased, baseline normal.
BANDS = {"ALT": [(1, 1), (3, 2), (5, 3), (20, 4)], "BILI": [(1, 1), (1.5, 2), (3, 3), (10, 4)]}


def test_the_bands_of_the_liver_values_are_those_of_the_ctcae(trials):
    assert {one: list(trials["nct07083375"].bands[one]) for one in BANDS} == BANDS


@pytest.mark.parametrize("columns", [1, 2])
def test_a_cell_of_the_shift_stands_at_its_grades_and_prints_its_count(trials, columns):
    trial = trials["nct07083375"]
    drawn = drawn_of(trials, "nct07083375", "shift", columns)
    elements = marks(drawn)
    by_term = {}
    for row in trial.shown.rows.values():
        if row.analysis == "lab-shift" and row.statistic == "count" and row.id in elements:
            _, term, shift = row.item.split(":")
            by_term.setdefault(term, []).append((shift.split("-to-"), box(elements[row.id])))
            printed = next(
                text for axes in drawn.plate.canvas.axes for text in axes.texts
                if text.get_gid() == f"{row.id}#text"
            )  # fmt: skip
            assert printed.get_text() == str(row.value)

    assert len(by_term) == 10
    cell = {1: 12.5, 2: 15.0}[columns]  # points
    for cells in by_term.values():
        origin = None
        for (start, end), (left, _, top, _) in cells:
            y = 5 if start == "unknown" else int(start)
            corner = (left - cell * int(end), top - cell * y)
            origin = origin or corner
            assert corner == pytest.approx(origin, abs=0.05)


@pytest.mark.parametrize("study", STUDIES)
def test_accrual_climbs_by_one_on_each_day_of_enrolment(trials, study):
    drawn = drawn_of(trials, study, "accrual")
    elements = marks(drawn)
    pairs = []
    people = sorted(
        (r.subject.enrolment_date or r.subject.first_dose_date, r.subject.subject_id)
        for r in trials[study].records
    )
    for i, (day, who) in enumerate(people, start=1):
        name = words_of(drawn, f"{who}: number {i}, on {day}")
        x, y = corners(elements[name])[-1]
        pairs.append(((day - dt.date(2019, 1, 1)).days, x, i, y))

    assert_affine([(day, x) for day, x, _, _ in pairs])
    assert_affine([(i, y) for *_, i, y in pairs])


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", STUDIES)
def test_accrual_of_a_site_climbs_on_its_own_days(trials, study, columns):
    drawn = drawn_of(trials, study, "accrual-by-site", columns)
    elements, pairs = marks(drawn), []
    by_site = {}
    for records in trials[study].records:
        one = records.subject
        by_site.setdefault(one.site, []).append((one.enrolment_date, one.subject_id))
    for people in by_site.values():
        for i, (day, who) in enumerate(sorted(people), start=1):
            x, y = corners(elements[words_of(drawn, f"{who}: number {i}, on {day}")])[-1]
            pairs.append(((day - dt.date(2019, 1, 1)).days, x, i, y))
    printed = {text.get_gid(): text.get_text() for text in drawn.plate.page.texts if text.get_gid()}

    assert_affine([(day, x) for day, x, _, _ in pairs])
    assert_affine([(i, y) for *_, i, y in pairs])
    assert printed == {
        f"sites/all/site:{site}/count#text": f"{site} ({len(people)})"
        for site, people in by_site.items()
    }


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", [*STUDIES, "nct07388875"])
def test_the_flow_says_why_people_were_not_enrolled(trials, study, columns):
    """The reasons are counted here in the study's own screening file."""
    drawn = drawn_of(trials, study, "flow", columns)
    path = ROOT / "studies" / study / "data" / "screening.csv"
    lines = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    failed = [line for line in lines if line["enrolled"] == "N"]
    reasons = Counter(line.get("criterion") or line["reason"] for line in failed)
    rows = {cell[1].result: cell for cell in drawn.data.rows
            if (cell[1].result or "").startswith("screen-failures/")}  # fmt: skip
    printed = [text.get_text() for text in drawn.plate.page.texts]

    assert sorted(int(cell[1].text) for cell in rows.values()) == sorted(reasons.values())
    assert f"Not enrolled (n = {len(failed)})" in printed
    assert sum(bool(re.search(r"\(n = \d+\)$", text)) for text in printed) == len(drawn.data.rows)


def test_the_lanes_of_a_profile_run_from_day_to_day(trials):
    trial = trials["nct07083375"]
    drawn = drawn_of(trials, "nct07083375", "profile")
    elements = marks(drawn)
    course = next(c for c in trial.courses if c.subject_id == SUBJECTS["nct07083375"])
    pairs = []
    for event in course.adverse_events:
        if event.end_day is not None and event.end_day - event.onset_day > 3:
            first = f"{course.subject_id}: {event.term}, grade {event.grade}"
            names = [
                name for name, words in drawn.marks.items()
                if words.startswith(first) and f"\nday {event.onset_day} to" in words
            ]  # fmt: skip
            assert len(names) == 1
            left, right, _, _ = box(elements[names[0]])
            assert colour(elements[names[0]]) == GRADES[event.grade]
            pairs += [(event.onset_day - 1, left), (event.end_day, right)]

    assert len(pairs) > 10
    assert_affine(pairs)


# Small and empty studies.


def reduced(trial, people):
    """Return a trial whose records and answers are those of a few people."""
    return Trial(
        trial.shown,
        [one for one in trial.answers if one.subject_id in people],
        [one for one in trial.records if one.subject.subject_id in people],
        [one for one in trial.courses if one.subject_id in people],
        trial.bands,
    )


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_one_patient_is_drawn(trials, name, columns):
    who = "QL-031"
    kind = kind_of(name)
    one = reduced(trials["nct07083375"], {who})
    drawn = draw_figure(kind, one, Wanted((), who, columns))

    assert drawn is not None
    assert svg_of(drawn.plate.canvas)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("name", ["swimmer", "exposure", "events"])
def test_two_hundred_patients_have_room_on_a_page(trials, name, columns):
    from matplotlib.text import Text

    trial = trials["nct07083375"]
    assert len(trial.answers) * 4 == 224
    courses = [replace(one, subject_id=f"{k}-{one.subject_id}", **{
        part: tuple(replace(x, subject_id=f"{k}-{x.subject_id}") for x in getattr(one, part))
        for part in ("segments", "marks", "adverse_events")
    }) for k in range(4) for one in trial.courses]  # fmt: skip
    cycles = [[replace(c, subject_id=f"{k}-{c.subject_id}") for c in one.course.drugs]
              for k in range(4) for one in trial.answers]  # fmt: skip
    answers = [
        SimpleNamespace(subject_id=of[0].subject_id, time_points=(),
                        course=SimpleNamespace(drugs=of))
        for of in cycles
    ]  # fmt: skip
    many = Trial(trial.shown, answers, trial.records, courses)
    drawn = draw_figure(kind_of(name), many, Wanted((), None, columns))

    assert drawn.plate.height < 235 / 25.4 * 72
    assert len({cell.text for row in drawn.data.rows for cell in row if "-QL-" in cell.text}) == 224
    letters = [t for t in drawn.plate.canvas.findobj(Text) if t.get_text().strip()]
    assert min(t.get_fontsize() for t in letters) >= 6
    assert not any("-QL-" in t.get_text() for t in letters)  # no room for names


@pytest.mark.parametrize("name", NAMES)
def test_a_study_without_a_result_draws_nothing(trials, name):
    kind = kind_of(name)
    shown = Shown(SimpleNamespace(rows=(), bases={}, by_id=dict), trials[STUDIES[0]].shown.protocol)

    assert draw_figure(kind, Trial(shown, ()), Wanted((), "TQB-001", 2)) is None


@pytest.mark.parametrize("columns", [1, 2])
def test_a_subgroup_without_an_event_is_a_level_line(trials, columns):
    # Table 2 of Liu J, et al. Clin Cancer Res 2022;28:3473-9: no patient with ASPS died.
    drawn = draw_figure(kind_of("os"), trials["tqb2450-ib-02"], Wanted(("asps",), None, columns))
    elements = marks(drawn)
    steps = [one for name, one in elements.items() if name.startswith("os/asps/step:")]
    heights = {y for step in steps for _, y in corners(step)}

    assert len(heights) == 1
    assert "os/asps/median#line" not in elements
    assert len(places(elements["os/asps/censored"])) == 12


def test_a_group_shows_its_own_patients_alone(trials):
    trial = trials["tqb2450-ib-02"]
    members = trial.members("asps")
    assert len(members) == 12
    for name in ("waterfall", "swimmer", "spider", "events", "exposure"):
        drawn = draw_figure(kind_of(name), trial, Wanted(("asps",), None, 2))
        people = {cell.text for row in drawn.data.rows for cell in row if "TQB-" in cell.text}
        assert people <= members
        assert drawn.title.endswith(", ASPS")


HOSTILE = """<b>&"x"</b> $\\alpha_1$ ]]> 贫血"""


@pytest.mark.parametrize("columns", [1, 2])
def test_hostile_words_stay_words(trials, columns):
    trial = trials["nct07083375"]
    course = next(one for one in trial.courses if one.subject_id == "QL-031")
    events = tuple(replace(event, term=HOSTILE) for event in course.adverse_events)
    hostile = replace(course, adverse_events=events)
    for name in ("events", "profile"):
        one = Trial(trial.shown, trial.answers, trial.records, [hostile], trial.bands)
        drawn = draw_figure(kind_of(name), one, Wanted((), "QL-031", columns))
        with style():
            add_caption(drawn)
            svg = image_of(drawn.plate.canvas, "svg", drawn.title, drawn.alternative)
        ElementTree.fromstring(svg)
        assert b"<b>" not in svg
        assert missing_letters(drawn.plate.canvas) in ("血贫", "")  # shortened in one column
        assert any(HOSTILE in words for words in drawn.marks.values())


def test_letters_that_the_font_lacks_are_told(tmp_path):
    study = shutil.copytree(ROOT / "studies" / "nct07388875", tmp_path / "study")
    path = study / "data" / "adverse_events.csv"
    lines = path.read_text(encoding="utf-8").replace("Nausea", "恶心")
    path.write_text(lines, encoding="utf-8")
    out = tmp_path / "events.svg"
    run = CliRunner().invoke(app, ["figure", str(study), "events", "--out", str(out)])

    assert run.exit_code == 0
    assert "Drawn as boxes, because the font lacks them: 心 恶" in run.stdout
    assert run.stderr == ""


# The command.


FIGURE = ["figure", str(ROOT / "studies" / "tqb2450-ib-02")]


def onearm(*arguments):
    return CliRunner().invoke(app, [*FIGURE, *map(str, arguments)], env={"COLUMNS": "80"})


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["svg", "pdf", "png", "tif"])
def test_a_file_has_the_same_bytes_in_another_process(tmp_path, ending):
    here, there = tmp_path / f"here.{ending}", tmp_path / f"there.{ending}"
    assert onearm("forest", "--out", here).exit_code == 0
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1"}
    code = "from onearm.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", code, *FIGURE, "forest", "--out", str(there)],
        check=True, env=env, capture_output=True,
    )  # fmt: skip

    assert here.read_bytes() == there.read_bytes()
    assert here.with_suffix(".csv").read_bytes() == there.with_suffix(".csv").read_bytes()


@pytest.mark.parametrize("columns", [1, 2])
def test_a_picture_has_the_pixels_of_its_width(tmp_path, columns):
    from PIL import Image

    for ending in ("png", "tif"):
        path = tmp_path / f"os.{ending}"
        assert onearm("os", "--out", path, "--width", columns, "--dpi", 200).exit_code == 0
        with Image.open(path) as image:
            assert abs(image.width - {1: 86, 2: 178}[columns] / 25.4 * 200) < 1
            assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_a_pdf_is_as_wide_as_two_columns_and_keeps_its_title(tmp_path):
    assert onearm("os", "--out", tmp_path / "os.pdf").exit_code == 0
    data = (tmp_path / "os.pdf").read_bytes()
    box = re.search(rb"/MediaBox \[ 0 0 ([0-9.]+) ", data)

    assert float(box[1]) == pytest.approx(178 / 25.4 * 72, abs=0.1)
    assert b"/Title (Overall survival)" in data
    assert b"CreationDate" not in data


def test_the_csv_holds_exact_values_and_their_results(tmp_path, trials):
    assert onearm("pfs", "--out", tmp_path / "pfs.svg").exit_code == 0
    rows = trials["tqb2450-ib-02"].shown.rows
    lines = list(csv.DictReader((tmp_path / "pfs.csv").read_text(encoding="utf-8").splitlines()))

    for line in lines:
        first = line["Results"].split("; ")[0]
        assert float(line["Without event (%)"]) == rows[first].value
        assert first == f"pfs/all/step:{line['Day']}/survival"
    steps = [one for one in rows if re.fullmatch("pfs/all/step:[0-9]+/survival", one)]
    assert len(lines) == len(steps)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_bare_figure_has_neither_title_nor_caption(tmp_path, columns):
    whole, bare = tmp_path / "whole.svg", tmp_path / "bare.svg"
    onearm("os", "--out", whole, "--width", columns)
    onearm("os", "--out", bare, "--width", columns, "--bare")
    heights = [
        float(re.search(r'height="([0-9.]+)pt"', path.read_text(encoding="utf-8"))[1])
        for path in (whole, bare)
    ]

    assert heights[0] > heights[1] + 20
    assert 'aria-label="Kaplan-Meier curve.' in bare.read_text(encoding="utf-8")


BAD = [  # arguments, what the one line says
    (["waterfal"], "no figure 'waterfal'; did you mean 'waterfall'?; known: flow, waterfall"),
    (["pfs", "--group", "aspz"], "no group 'aspz'; did you mean 'asps'?; known: all, asps"),
    (["flow", "--group", "asps"], "figure flow is of all patients; it takes no group"),
    (["waterfall", "--group", "asps", "--group", "ss"], "takes one group; got asps, ss"),
    (["profile"], "figure profile is of one subject: name it with --subject"),
    (["lesions", "--subject", "TQB-999"], "no subject 'TQB-999'"),
    (["flow", "--subject", "TQB-001"], "figure flow is of all patients; it takes no subject"),
    (["os", "--out", "os.gif"], "a figure ends in one of .svg, .pdf, .png, .tif; got 'os.gif'"),
    (["os", "--out", "os"], "a figure ends in one of .svg, .pdf, .png, .tif; got 'os'"),
    (["os", "--dpi", "9"], "dpi must be from 72 to 1200; got 9"),
    (["os", "--dpi", "5000"], "dpi must be from 72 to 1200; got 5000"),
    (["os", "--width", "3"], "a figure is 1 or 2 columns wide; got 3"),
    (["labs"], "no figure labs, because it needs liver values with their limits"),
    (["monitor", "--width", "0"], "a figure is 1 or 2 columns wide; got 0"),
    (["os", "--at-risk", "0"], "at least 1 subject is at risk on a curve; got 0"),
    (["os", "--at-risk", "31"], "it needs times to this event, and 31 subjects at risk"),
    (["forest", "--at-risk", "5"], "figure forest has no curve that could end by the number at"),
    (["monitor", "--group", "asps"], "is of the design; it takes no group and no subject"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda one: " ".join(one)[:40])
def test_a_wrong_request_gets_one_clear_line(tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    run = onearm(*arguments)

    assert run.exit_code == 1
    assert run.stdout == ""
    assert words in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    run = onearm("flow", "--out", tmp_path / "file" / "flow.svg")

    assert run.exit_code == 1
    assert len(run.stderr.strip().splitlines()) == 1
    assert "file" in run.stderr


def test_without_matplotlib_a_line_says_how_to_get_it(monkeypatch, tmp_path):
    from onearm.pipeline import figure

    monkeypatch.setattr(figure, "find_spec", lambda name: None)
    run = onearm("flow", "--out", tmp_path / "flow.svg")

    assert run.exit_code == 1
    assert "pip install 'onearm[report]'" in run.stderr


def test_the_list_names_every_figure():
    run = onearm("--list")

    assert [line.split()[0] for line in run.stdout.splitlines()[2:]] == [
        *NAMES, "monitor", "design",
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("study", [*STUDIES, "nct07388875"])
@pytest.mark.parametrize("name", ["monitor", "design"])
def test_the_design_has_the_width_of_its_columns(tmp_path, name, study, columns):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    from onearm.pipeline.design_study import design_study
    from onearm.pipeline.monitor import monitor_study
    from onearm.pipeline.plot import drawing_of

    answer = (monitor_study if name == "monitor" else design_study)(ROOT / "studies" / study)
    canvas = drawing_of(answer, columns)[0].drawn
    width, height = canvas.get_size_inches()
    with style():
        canvas.set_dpi(72)
        FigureCanvasAgg(canvas).draw()
        unseen = _unseen(canvas)
        texts = [text for text in canvas.findobj(Text) if text.get_text().strip()]
        found = [(text.get_text(), text.get_window_extent()) for text in texts
                 if text.get_visible() and text not in unseen]  # fmt: skip
        sizes = [text.get_fontsize() for text in texts]

    assert width * 25.4 == pytest.approx({1: 86, 2: 178}[columns])
    assert height * 25.4 < 235
    assert min(sizes) >= 6
    cut = [words for words, one in found if min(one.x0, one.y0) < -0.5
           or one.x1 > width * 72 + 0.5 or one.y1 > height * 72 + 0.5]  # fmt: skip
    assert cut == []
    overlapping = [(a, b) for i, (a, one) in enumerate(found) for b, other in found[i + 1 :]
                   if _overlap(one, other)]  # fmt: skip
    assert overlapping == []


@pytest.mark.parametrize("name", ["monitor", "design"])
def test_the_design_is_a_figure_too(tmp_path, name):
    run = onearm(name, "--out", tmp_path / "x.pdf", "--json")
    lines = list(csv.DictReader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()))

    assert json.loads(run.stdout)["figure"] == name
    assert lines[0]["Result"].startswith("design/")
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


def test_a_figure_reads_a_value_in_one_place():
    """Figures know where a result stands by ``position``; text is made by ``format``."""
    modules = {kind.draw.partition(".")[0] for kind in KINDS}
    modules |= {"figures", "gallery", "plate", "sheet", "boundaries", "design_figures", "monitored"}
    for module in sorted(modules):
        path = ROOT / "src" / "onearm" / "report" / f"{module}.py"
        assert value_readings(path.read_text(encoding="utf-8")) == [], module


OF_RECORDS = {"one", "point", "p"}  # names of laboratory values, which are records


def value_readings(text):
    """Return where a module reads ``.value`` other than to ask whether there is one."""
    tree = ast.parse(text)
    asked = {
        id(side)
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and ast.unparse(node.comparators[-1]) == "None"
        for side in (node.left, *node.comparators)
    }
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "value"
        and id(node) not in asked | called
        and ast.unparse(node.value) not in OF_RECORDS
    ]


def test_a_value_that_is_read_elsewhere_is_seen():
    assert value_readings("x = row.value * 2\nif median.value is not None: pass") == ["row.value"]
    assert value_readings("y = total.value or 1\nz = shown.value('a')") == ["total.value"]


# The gallery of the documentation.


@pytest.mark.slow
def test_the_gallery_is_up_to_date():
    loader = SourceFileLoader("make_figures", str(ROOT / "scripts" / "make_figures"))
    spec = importlib.util.spec_from_loader("make_figures", loader)
    made = importlib.util.module_from_spec(spec)
    loader.exec_module(made)
    sections, digests = [], {}
    for kind, study, drawn, digest in made.drawings():
        sections.append(made.section(kind, study, drawn))
        digests[kind.name] = digest

    message = "run .venv/bin/python scripts/make_figures: docs/figures is out of date"
    stored = json.loads((made.FOLDER / "gallery.json").read_text(encoding="utf-8"))
    assert stored == digests, message
    assert made.PAGE.read_text(encoding="utf-8") == "\n".join((made.HEAD, *sections)), message
    assert all((made.FOLDER / f"{name}.png").stat().st_size > 2000 for name in NAMES)
    assert sum(path.stat().st_size for path in made.FOLDER.glob("*.png")) < 3_000_000


def test_widths_are_those_of_a_journal():
    assert width_of(1) == pytest.approx(86 / 25.4 * 72)
    assert width_of(2) == pytest.approx(178 / 25.4 * 72)
    assert fmt.number(width_of(2), 1) == "504.6"
