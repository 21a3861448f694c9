"""The figures of designs: each mark stands where its row says; same rows, same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from itertools import pairwise
from math import comb
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from onearm.cli import app
from onearm.design.beta import BetaMixture
from onearm.design.operating import Look, two_stage_rule
from onearm.design.posterior import posterior_design
from onearm.design.predictive import predictive_design
from onearm.design.single_stage import exact_design
from onearm.design.toxicity import toxicity_boundary
from onearm.design.two_stage import simon
from onearm.errors import InputError
from onearm.pipeline import plot as plotting
from onearm.pipeline.design import exact
from onearm.pipeline.design_study import design_study
from onearm.pipeline.monitor import Monitored, monitor_study
from onearm.protocol.planned_design import SingleStageDesign, SurvivalDesign
from onearm.report.boundaries import draw_monitoring, draw_study, draw_toxicity
from onearm.report.design_figures import draw_exact, draw_simon
from onearm.report.monitored import draw_monitor
from onearm.report.sheet import image_of
from onearm.results.design_curves import (
    Course,
    rows_of_exact,
    rows_of_monitor,
    rows_of_monitoring,
    rows_of_simon,
    rows_of_study,
    rows_of_survival_monitor,
    rows_of_toxicity,
)
from onearm.results.design_rows import planned_design

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
POSTERIOR = {"prior": (0.6, 1.4), "standard": BetaMixture.single(15, 35)}


def run(command: str):
    return CliRunner().invoke(app, command.split(), prog_name="onearm", env={"COLUMNS": "80"})


def marks(drawing):
    """Return the elements of a figure by id."""
    root = ElementTree.fromstring(image_of(drawing, "svg"))
    return {e.get("id"): e for e in root.iter() if e.get("id")}


def place(element):
    """Return where a mark stands, in points from the upper left corner."""
    use = element.find(f".//{SVG}use")
    return float(use.get("x")), float(use.get("y"))


def corners(element):
    """Return the corners of the first path of an element."""
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", element.find(f".//{SVG}path").get("d"))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def assert_affine(pairs):
    """Assert that places are one affine function of values."""
    (v0, p0), (v1, p1) = min(pairs), max(pairs)
    assert v0 != v1
    for value, at in pairs:
        assert at == pytest.approx(p0 + (value - v0) * (p1 - p0) / (v1 - v0), abs=0.01)


def number_of(row):
    return float(row.item.partition(":")[2])


def by_statistic(rows, statistic, analysis="design"):
    return [
        row
        for row in rows
        if (row.statistic, row.analysis) == (statistic, analysis) and row.value is not None
    ]


def assert_bounds(drawing, rows):
    """Assert that every zone begins or ends half a count from its bound."""
    elements = marks(drawing)
    places = []
    for row in by_statistic(rows, "stop_low"):
        heights = [y for _, y in corners(elements[row.id])]
        places.append((row.value + 0.5, min(heights)))  # upper edge; y grows downwards
    for row in by_statistic(rows, "stop_high"):
        heights = [y for _, y in corners(elements[row.id])]
        places.append((row.value - 0.5, max(heights)))
    across = [
        (number_of(row), sum(x for x, _ in corners(elements[row.id])[:2]) / 2)
        for name in ("stop_low", "stop_high")
        for row in by_statistic(rows, name)
    ]
    assert_affine(places)
    assert_affine(across)


def assert_curve(element, rows, value=lambda row: row.value):
    """Assert that a line goes through every row, in order."""
    points = corners(element)
    assert len(points) == len(rows)
    assert_affine([(number_of(row), x) for row, (x, _) in zip(rows, points, strict=True)])
    assert_affine([(value(row), y) for row, (_, y) in zip(rows, points, strict=True)])


# Marks and rows.


@pytest.mark.parametrize("asked", [(0.2, 0.4, 0.05, 0.8), (0.3, 0.4, 0.025, 0.9)])
def test_the_sawtooth_shows_power_and_alpha_of_each_n(asked):
    found = exact_design(*asked)
    rows = rows_of_exact(found)
    elements = marks(draw_exact(rows))

    for statistic in ("power", "alpha"):
        teeth = [row for row in by_statistic(rows, statistic) if row.id in elements]
        assert {found.first.n, found.stable.n} <= {number_of(row) for row in teeth}
        assert number_of(teeth[-1]) == found.sawtooth[-1].n
        assert_affine([(row.value, place(elements[row.id])[1]) for row in teeth])
        assert_affine([(number_of(row), place(elements[row.id])[0]) for row in teeth])
        assert_curve(elements[f"design/all/{statistic}#curve"], teeth)
    for name, rule in (("first", found.first), ("stable", found.stable)):
        power = f"design/all/n:{rule.n}/power"
        assert place(elements[f"{power}#{name}"]) == place(elements[power])


def test_the_admissible_designs_and_the_power_of_the_best_two_are_drawn():
    rows = rows_of_simon(simon(0.3, 0.45, 0.05, 0.9))
    elements = marks(draw_simon(rows))
    points = by_statistic(rows, "en0")

    assert [number_of(row) for row in points] == [88, 91, 94, 101, 104, 110]
    assert_curve(elements["design/all/en0#curve"], points)
    assert_affine([(row.value, place(elements[row.id])[1]) for row in points])
    for name in ("optimal", "minimax"):
        curve = [row for row in by_statistic(rows, "reject") if row.variant == name]
        assert_curve(elements[f"design.{name}/all/reject#curve"], curve)
        assert f"design.{name}/all/p:0.3/reject" in elements


def test_one_design_that_is_both_optimal_and_minimax_has_its_power_curve_alone():
    drawing = draw_simon(rows_of_simon(simon(0.8, 0.95, 0.05, 0.8)))

    assert "design/all/en0#curve" not in marks(drawing)
    assert "Optimal and minimax: stop at 7 or fewer of 9" in drawing.alternative


@pytest.mark.parametrize("looks", [range(1, 31), [20, 40, 60, 75]])
def test_the_toxicity_boundary_is_where_the_rule_stops(looks):
    rule = toxicity_boundary("pocock", 0.2, 0.35, looks)
    rows = rows_of_toxicity(rule)

    assert [row.value for row in by_statistic(rows, "stop_high")] == [
        look.high for look in rule.looks if look.high is not None
    ]
    assert_bounds(draw_toxicity(rows, rule.method), rows)


def test_the_bayesian_boundaries_are_those_of_the_design():
    watched = predictive_design(0.2, 0.4, range(10, 37), theta_t=0.86, theta_l=0.001)
    posterior = posterior_design(0.3, 0.5, range(1, 41), **POSTERIOR, efficacy=0.95)

    for design in (watched, posterior):
        rows = rows_of_monitoring(design)
        drawn = {row.item: row.value for row in by_statistic(rows, "stop_low")}
        assert drawn == {f"n:{look.n}": look.low for look in design.looks if look.low is not None}
        assert_bounds(draw_monitoring(rows, "probability"), rows)


def test_a_design_that_cannot_end_promising_shows_no_such_zone():
    plan = posterior_design(0.3, 0.5, range(1, 41), **POSTERIOR)
    drawing = draw_monitoring(rows_of_monitoring(plan), "posterior probability")

    assert "P(promising)" not in drawing.alternative
    assert "P(not promising) " in drawing.alternative
    assert not any("stop_high" in name for name in marks(drawing))


def test_the_power_curve_of_a_study_is_exact_and_marks_both_rates():
    answer = design_study(ROOT / "studies" / "nct07388875")
    rows = rows_of_study(answer.protocol, answer.design)
    drawing = draw_study(rows, answer.study, answer.design.kind)
    elements = marks(drawing)

    curve = by_statistic(rows, "reject")
    assert_curve(elements["design/all/reject#curve"], curve)
    for row in curve:  # Simon's 2/15, 7/28, counted without the product's code
        p = Fraction(row.item.removeprefix("p:"))
        expected = sum(
            comb(15, x) * p**x * (1 - p) ** (15 - x)
            * sum(comb(13, y) * p**y * (1 - p) ** (13 - y) for y in range(max(8 - x, 0), 14))
            for x in range(3, 16)
        )  # fmt: skip
        assert row.value == pytest.approx(float(expected), abs=1e-12)
    assert {"design/all/p:0.15/reject", "design/all/p:0.35/reject"} <= set(elements)
    assert_bounds(drawing, rows)


LOW, HIGH = Decimal("0.2"), Decimal("0.4")
ERRORS = {"alpha": Decimal("0.05"), "power": Decimal("0.8")}
OTHER_DESIGNS = [  # design, what its title names, P(promising) at its two rates
    (
        SingleStageDesign(kind="single_stage", p0=LOW, p1=HIGH, **ERRORS),
        "exact design of one stage, p0 = 20 %, p1 = 40 %",
        "3.44 % at 20 %, 80.48 % at 40 %",
    ),
    (
        SurvivalDesign(
            kind="survival", test="rate", **ERRORS,
            null={"rate": LOW, "at": "6 months"}, alternative={"rate": HIGH, "at": "6 months"},
            accrual="18 months", follow_up="6 months",
        ),
        "design on a rate at a landmark, p0 = 20 %, p1 = 40 %",
        "3.44 % at 20 %, 80.48 % at 40 %",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("planned", "title", "chances"), OTHER_DESIGNS)
def test_a_protocol_with_one_look_shows_its_power_curve(planned, title, chances):
    protocol = design_study(ROOT / "studies" / "nct07388875").protocol
    protocol = protocol.model_copy(update={"design": planned})
    rows = rows_of_study(protocol, planned_design(protocol))
    drawing = draw_study(rows, "A", planned.kind)

    assert drawing.title == f"A: {title}"
    assert chances in drawing.alternative
    assert_curve(marks(drawing)["design/all/reject#curve"], by_statistic(rows, "reject"))


def test_many_looks_make_one_area_without_gaps():
    rule = toxicity_boundary("obrien-fleming", 0.2, 0.35, range(5, 121))
    rows = rows_of_toxicity(rule)
    drawing = draw_toxicity(rows, rule.method)

    assert_bounds(drawing, rows)
    elements = marks(drawing)
    left, right = (corners(elements[f"design/all/n:{n}/stop_high"]) for n in (100, 101))
    assert max(x for x, _ in left) == pytest.approx(min(x for x, _ in right), abs=0.01)


def test_a_logrank_design_shows_both_curves_and_their_medians():
    answer = design_study(ROOT / "studies" / "nct07083375")
    rows = rows_of_study(answer.protocol, answer.design)
    elements = marks(draw_study(rows, answer.study, answer.design.kind))

    for name, median in (("historical", 5.5), ("target", 8)):
        curve = [row for row in by_statistic(rows, "survival") if row.variant == name]
        assert_curve(elements[f"design.{name}/all/survival#curve"], curve)
        for row in curve:
            expected = 0.5 ** (number_of(row) / 30.4375 / median)
            assert row.value == pytest.approx(expected, abs=1e-12)


def test_a_running_trial_climbs_as_its_responders_come():
    course = [Course(n, n // 4, n // 4 + (n > 10)) for n in range(1, 17)]
    rows = rows_of_monitor(two_stage_rule(2, 15, 7, 28), course)
    elements = marks(draw_monitor(rows, "A", "2026-01-31"))

    for name in ("responders", "possible"):
        tops = [(0, 0), *((number_of(r), r.value) for r in by_statistic(rows, name, "monitor"))]
        steps = [(0, 0), *(p for (_, y), (x, z) in pairwise(tops) for p in ((x, y), (x, z)))]
        points = corners(elements[f"monitor/all/{name}#curve"])
        assert len(points) == len(steps)
        assert_affine([(x, px) for (x, _), (px, _) in zip(steps, points, strict=True)])
        assert_affine([(y, py) for (_, y), (_, py) in zip(steps, points, strict=True)])
    assert_affine(
        [(r.value + 0.5, min(y for _, y in corners(elements[r.id])))
         for r in by_statistic(rows, "not_enough")]
    )  # fmt: skip


RULES = [two_stage_rule(2, 15, 7, 28), two_stage_rule(0, 4, 3, 9, effective1=3), [Look(6, 2, 3)]]


@pytest.mark.parametrize("rule", RULES)
def test_the_zones_of_a_running_trial_are_those_that_every_way_on_decides(rule):
    def ends(n, x):
        """Return the ends that can still be reached from x responders of n."""
        reached = set()
        for last in [look for look in rule if look.n > n] or []:
            going = range(x, x + last.n - n + 1)
            for count in going:
                if last.effective is not None and count >= last.effective:
                    reached.add("promising")
                elif last.futile is not None and count <= last.futile:
                    reached.add("not")
                else:
                    reached |= ends(last.n, count)
            return reached
        return reached

    rows = {row.id: row.value for row in rows_of_monitor(rule, [])}
    at_look = {look.n for look in rule}
    for n in set(range(rule[-1].n)) - at_look:
        enough, lost = (rows[f"design/all/n:{n}/{name}"] for name in ("enough", "not_enough"))
        for x in range(n + 1):
            assert (x >= enough) == (ends(n, x) == {"promising"})
            assert (lost is not None and x <= lost) == (ends(n, x) == {"not"})


# Files.

COMMANDS = [
    "design exact --p0 0.2 --p1 0.4",
    "design simon --p0 0.2 --p1 0.4",
    "design study studies/nct07388875",
    "design study studies/nct07083375",
    "design study studies/tqb2450-ib-02",
    "design toxicity --p0 0.2 --p1 0.4 --looks 1-30",
    "design predictive --p0 0.2 --p1 0.4 --looks 10-36 --theta-t 0.86 --theta-l 0.001",
    "design posterior --p0 0.3 --p1 0.5 --looks 1-40 --prior 0.6,1.4 --standard 15,35",
    "monitor studies/tqb2450-ib-02",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_writes_its_figure_and_tells_what_it_shows(command, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    svg, png = tmp_path / "figure.svg", tmp_path / "figure.PNG"
    drawn = run(f"{command} --plot {svg}")

    assert drawn.exit_code == 0, drawn.output
    assert drawn.stdout == run(command).stdout
    assert drawn.stderr.startswith(f"{svg}: ")
    assert len(drawn.stderr.splitlines()) == 1
    root = ElementTree.parse(svg).getroot()
    assert f"{svg}: {root.get('aria-label')}\n" == drawn.stderr
    assert root.find(f"{SVG}title").text in drawn.stderr
    assert run(f"{command} --json --plot {png}").exit_code == 0
    assert png.read_bytes().startswith(b"\x89PNG\r\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.PNG", "figure.svg"]


@pytest.mark.slow
def test_the_same_design_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        code = (
            "import sys; from pathlib import Path\n"
            "from onearm.pipeline.design import simon\n"
            "from onearm.pipeline.plot import plot\n"
            "for ending in ('svg', 'png'):\n"
            f"    plot(simon(0.2, 0.4, 0.05, 0.8), Path(r'{tmp_path}') / f'{name}.{{ending}}')\n"
        )
        (tmp_path / "matplotlibrc").write_text("font.size: 20\nlines.linewidth: 7\n")
        home = {"MPLCONFIGDIR": str(tmp_path)} if name == "two" else {}
        subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=env(home, name))
    for ending in ("svg", "png"):
        one, two = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
        assert one == two


def env(more, seed):
    import os

    return {**os.environ, **more, "PYTHONHASHSEED": {"one": "1", "two": "2"}[seed]}


@pytest.mark.parametrize("name", ["figure.pdf", "figure", "figure.svg.txt"])
def test_another_ending_is_one_line(name, tmp_path):
    shown = run(f"design exact --p0 0.2 --p1 0.4 --plot {tmp_path / name}")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr == f"{tmp_path / name}: a figure ends in .svg or .png; got {name!r}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_line_with_the_file_as_it_was_given(tmp_path):
    path = tmp_path / "new" / "figure.svg"
    shown = run(f"design exact --p0 0.2 --p1 0.4 --plot {path}")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert shown.stderr == f"{path}: there is no folder {path.parent}; make it first\n"
    assert not path.parent.exists()


def test_without_matplotlib_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(plotting, "find_spec", lambda name: None)

    shown = run(f"design exact --p0 0.2 --p1 0.4 --plot {tmp_path / 'figure.svg'}")

    assert (shown.exit_code, shown.stdout) == (1, "")
    assert len(shown.stderr.splitlines()) == 1
    assert "pip install 'onearm[report]'" in shown.stderr


def test_what_stood_there_stays_when_the_figure_cannot_be_written(tmp_path, monkeypatch):
    path = tmp_path / "figure.svg"
    path.write_text("before")
    monkeypatch.setattr(Path, "replace", lambda self, to: (_ for _ in ()).throw(OSError("full")))

    with pytest.raises(InputError, match=r"figure.svg: cannot be written: full"):
        plotting.plot(exact(0.2, 0.4, 0.05, 0.8), path)

    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["figure.svg"]


def test_a_trial_on_survival_shows_its_events_beside_those_expected(tmp_path):
    found = monitor_study(ROOT / "studies" / "nct07083375")
    rows = {row.id: row for row in rows_of_survival_monitor(found.times, found.planned)}
    last = max(int(row.item.partition(":")[2]) for row in rows.values() if row.item)
    at = {name: rows[f"monitor/all/day:{last}/{name}"].value for name in ("observed", "expected")}

    # The right end is the test that the command prints; Z there is (E - O) / sqrt(E).
    assert at["observed"] == found.logrank.observed
    assert at["expected"] == pytest.approx(found.logrank.expected)
    bound = rows[f"monitor/all/day:{last}/bound"].value
    assert (at["expected"] - bound) / at["expected"] ** 0.5 == pytest.approx(1.644854, abs=1e-6)
    told = plotting.plot(found, tmp_path / "figure.svg").alternative
    assert f"{found.logrank.observed} events observed" in told
    modified = found.planned.model_copy(update={"test": "modified one-sample log-rank"})
    others = rows_of_survival_monitor(found.times, modified)
    assert not any(row.statistic == "bound" for row in others)  # its variance is another one


def test_a_figure_ends_in_svg_or_png(tmp_path):
    with pytest.raises(InputError, match="a figure ends in"):
        plotting.plot(Monitored("A", None, (), None, None), tmp_path / "figure.gif")


def test_a_trial_without_patients_yet_shows_its_zones():
    rows = rows_of_monitor(two_stage_rule(2, 15, 7, 28), [])
    drawing = draw_monitor(rows, "A", "")

    assert "No subject is evaluable yet." in drawing.alternative
    assert "design/all/n:28/enough" in marks(drawing)


def test_the_figure_of_the_finished_trial_counts_as_monitor_does():
    answer = monitor_study(ROOT / "studies" / "tqb2450-ib-02")

    look = answer.looks[0]
    assert answer.course[look.n - 1] == Course(look.n, look.responders, look.responders + look.open)


# The gallery of the documentation.


def maker():
    loader = SourceFileLoader("make_design_figures", str(ROOT / "scripts" / "make_design_figures"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def shown(svg: bytes):
    """Return what a figure says and shows, without the letters' shapes of one matplotlib."""
    root = ElementTree.fromstring(svg)
    ids = [e.get("id") for e in root.iter() if "/" in (e.get("id") or "")]
    return root.get("aria-label"), ids


@pytest.mark.parametrize("name", list(maker().FIGURES))
def test_the_figures_of_the_documentation_are_up_to_date(name, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = tmp_path / f"{name}.svg"
    assert run(f"{maker().FIGURES[name]} --plot {path}").exit_code == 0
    stored = (ROOT / "docs" / "figures" / f"{name}.svg").read_bytes()

    message = "run .venv/bin/python scripts/make_design_figures: docs/figures is out of date"
    assert shown(stored) == shown(path.read_bytes()), message


def test_the_gallery_shows_every_figure_with_its_command():
    page = (ROOT / "docs" / "design-figures.md").read_text(encoding="utf-8")

    for name, command in maker().FIGURES.items():
        assert f"](figures/{name}.svg)" in page
        assert f"$ onearm {command} --plot out/{name}.svg" in page
    stored = {path.stem for path in (ROOT / "docs" / "figures").glob("*.svg")}
    assert stored >= set(maker().FIGURES)
