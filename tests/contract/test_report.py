"""The report: every number has its result, every mark its row, and nothing else is needed."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from onearm import format as fmt
from onearm.clinical.derived import Event
from onearm.clinical.records import Source
from onearm.errors import Finding, Place
from onearm.io.yaml import read_yaml
from onearm.pipeline.figure import trial_of
from onearm.pipeline.material import material_of
from onearm.pipeline.run import analyse
from onearm.protocol.parse import parse_protocol
from onearm.report.document import build_report
from onearm.report.event_tables import adverse_event_table
from onearm.report.figures import Trial
from onearm.report.gallery import draw_figures
from onearm.report.html import render_html
from onearm.report.listings import finding_table, published_table
from onearm.report.material import Material
from onearm.report.model import Table, text_of
from onearm.report.sentences import patient_sentences
from onearm.report.shown import Shown
from onearm.report.tables import baseline_table, response_table
from onearm.results.model import Basis, Comparison, Contribution, Published, Results, Row
from onearm.terms import Kind

STUDY = Path(__file__).parents[2] / "studies" / "tqb2450-ib-02"
PROVENANCE = {"notice": "Synthetic data.", "inputs": {"lesions.csv": "0a1b"}}
VOID = {"meta", "link", "br", "input"}
SVG = "{http://www.w3.org/2000/svg}"

# Numbers that are no results: names of standards, levels, dates, and what the protocol states.
NO_RESULTS = re.compile(
    r"RECIST 1\.1|CTCAE \d\.\d|\d+%\s(?:lower\s)?(?:CI|confidence)|\d{4}-\d\d-\d\d|\d+ months"
    r"|[Gg]rade \d|TQB2450, n"
    r"|at least \d+% of|at most \d+ days after the last dose"
)


@dataclass
class Piece:
    """A text of the page: its elements from the outside in, and the result it shows."""

    text: str
    path: tuple[str, ...]
    result: str | None
    is_quoted: bool


class Page(HTMLParser):
    """The texts of a page, with where they stand."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[Piece] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            results = [about.get("data-result") for _, about in self.open]
            quoted = any("data-quoted" in about for _, about in self.open)
            path = tuple(tag for tag, _ in self.open)
            self.pieces.append(Piece(data, path, results[-1] if results else None, quoted))


@pytest.fixture(scope="module")
def found():
    return analyse(STUDY)


@pytest.fixture(scope="module")
def document(found):
    material = material_of(found, found.comparisons, trial_of(found).courses)
    return build_report(found.study.protocol, found.results, material, PROVENANCE)


@pytest.fixture(scope="module")
def html(document):
    return render_html(document)


@pytest.fixture(scope="module")
def protocol():
    return parse_protocol(read_yaml(STUDY / "protocol.yaml"))


def figure(document, name):
    blocks = [block for section in document.sections for block in section.blocks]
    return next(block for block in blocks if getattr(block, "id", None) == name)


# Numbers and their results.


def test_no_number_stands_without_its_result(html):
    bare = [
        piece.text
        for piece in Page(html).pieces
        if not piece.result and not piece.is_quoted
        if not {"title", "style", "script", "svg", "nav", "h1", "h2", "h3", "strong"}
        & {*piece.path}
        if not ("th" in piece.path and "tbody" in piece.path)  # labels of lines, as ECOG 0
        if "header" not in piece.path
        if re.search(r"\d", NO_RESULTS.sub("", piece.text))
    ]

    assert bare == []


def test_every_printed_number_is_its_result_as_the_profile_prints_it(html, found):
    rows = found.results.by_id()
    words = {"Met": "Y", "met": "Y", "not reached": "NR"}
    differing = [
        (piece.result, piece.text, fmt.result(rows[piece.result]))
        for piece in Page(html).pieces
        if piece.result and "svg" not in piece.path and not piece.is_quoted
        if words.get(piece.text, piece.text) != fmt.result(rows[piece.result])
    ]

    assert differing == []


def test_the_paper_headline_is_there(html):
    shown = {(piece.result, piece.text) for piece in Page(html).pieces}

    # Liu J, et al. Clin Cancer Res 2022;28:3473-9: abstract and Table 2.
    assert {("orr/all/estimate", "36.67"), ("orr/all/lower", "19.93")} <= shown
    assert {("orr/all/upper", "56.14"), ("pfs/all/median", "7.85")} <= shown
    assert ("trae/all/grade_3_count", "11") in shown


def test_every_marked_number_has_a_trace(html, document):
    marked = {about["data-result"] for _, about in Page(html).elements if "data-result" in about}

    assert marked == set(document.traces)


def test_a_trace_names_the_subjects_with_reason_and_records(html):
    data = json.loads(re.search(r'id="traces">(.*?)</script>', html, re.DOTALL)[1])
    _, _, place = data["results"]["orr/all/count"]
    _, _, subjects = data["bases"][place]
    roles = Counter(data["texts"][role] for _, role, _, _, _ in subjects)

    assert roles == {"counted": 11, "not counted": 19}
    assert all(data["texts"][sources] for *_, sources in subjects)


# Figures.


def points(element):
    """Return the corners of the first path of a group."""
    path = element.find(f".//{SVG}path").get("d")
    numbers = [float(n) for n in re.findall(r"-?\d+\.?\d*", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def marks(drawn):
    """Return the elements of a figure by id."""
    root = ElementTree.fromstring(drawn.svg)
    return {e.get("id"): e for e in root.iter() if e.get("id")}


def assert_affine(pairs):
    """Assert that places are one affine function of values."""
    (v0, p0), (v1, p1) = min(pairs), max(pairs)
    assert v0 != v1
    for value, place in pairs:
        assert place == pytest.approx(p0 + (value - v0) * (p1 - p0) / (v1 - v0), abs=0.01)


def test_every_bar_of_the_waterfall_is_as_high_as_its_result(document, found):
    elements = marks(figure(document, "figure-waterfall"))
    rows = [r for r in found.results.rows if r.analysis == "best-change" and r.value is not None]
    rows = [row for row in rows if row.item is not None]  # those without count the bars
    bars = {row.id: points(elements[row.id]) for row in rows}
    edge = {name: max((y for _, y in corners), key=lambda y: abs(y - corners[0][1]))
            for name, corners in bars.items()}  # fmt: skip
    order = sorted(rows, key=lambda row: bars[row.id][0][0])

    assert len(bars) == 30
    assert_affine([(row.value, edge[row.id]) for row in rows])
    assert [row.value for row in order] == sorted((row.value for row in rows), reverse=True)


@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_every_step_of_a_curve_stands_where_its_result_says(document, found, endpoint):
    elements = marks(figure(document, f"figure-{endpoint}"))
    rows = [
        row
        for row in found.results.rows
        if row.id.startswith(f"{endpoint}/all/step:") and row.statistic == "survival"
    ]
    ends = {row.id: points(elements[row.id])[-1] for row in rows}

    assert rows
    assert_affine([(row.value, ends[row.id][1]) for row in rows])
    assert_affine([(float(row.item.partition(":")[2]), ends[row.id][0]) for row in rows])


@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_each_censored_patient_has_a_mark(document, found, endpoint):
    elements = marks(figure(document, f"figure-{endpoint}"))
    censored = elements[f"{endpoint}/all/censored"]
    drawn = censored.findall(f".//{SVG}use")
    one_place = {answers.events[endpoint].days for answers in found.derived
                 if not answers.events[endpoint].is_event}  # fmt: skip

    assert len({use.get("x") for use in drawn}) == len(one_place)


@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_numbers_at_risk_stand_under_the_ticks_of_their_months(document, found, endpoint):
    elements = marks(figure(document, f"figure-{endpoint}"))
    rows = [
        row
        for row in found.results.rows
        if row.id.startswith(f"{endpoint}/all/month:") and row.statistic == "at_risk"
    ]
    x = {}
    for row in rows:
        transform = elements[row.id].find(f".//{SVG}g[@transform]").get("transform")
        left = float(re.search(r"translate\(([\d.]+)", transform)[1])
        x[row.id] = left + 2.55 * len(str(row.value))  # half of a digit of 8 points, from the left

    places = [(int(row.item.partition(":")[2]), x[row.id]) for row in rows]
    (m0, x0), (m1, x1) = places[0], places[-1]
    for month, place in places:
        assert place == pytest.approx(x0 + (month - m0) * (x1 - x0) / (m1 - m0), abs=0.6)


def test_every_id_of_a_figure_that_looks_like_a_result_is_one(document, found):
    known = found.results.by_id()
    for section in document.sections:
        for block in section.blocks:
            for name in marks(block) if hasattr(block, "svg") else ():
                assert "/" not in name or name.partition("#")[0] in known


def test_figures_say_in_words_what_they_show(document):
    drawn = [b for section in document.sections for b in section.blocks if hasattr(b, "svg")]

    assert len(drawn) == 9
    assert all(len(one.alternative) > 40 for one in drawn)
    assert "median 7.85" in figure(document, "figure-pfs").alternative


# The same inputs, the same bytes.


@pytest.mark.slow
def test_the_same_inputs_give_the_same_bytes(html):
    program = f"""
import sys
from pathlib import Path
from onearm.pipeline.material import material_of
from onearm.pipeline.run import analyse
from onearm.report.document import build_report
from onearm.report.html import render_html
from onearm.pipeline.figure import trial_of
a = analyse(Path({str(STUDY)!r}))
m = material_of(a, a.comparisons, trial_of(a).courses)
d = build_report(a.study.protocol, a.results, m, {PROVENANCE!r})
sys.stdout.buffer.write(render_html(d).encode("utf-8"))
"""
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=env)

    assert run.stdout.decode("utf-8") == html


# Small and hostile studies, made by hand.


def row(result_id, kind=Kind.COUNT, value=None, **more):
    head, _, statistic = result_id.rpartition("/")
    parts = head.split("/")
    analysis, _, variant = parts[0].partition(".")
    more.setdefault("note", None if value is not None or more.get("code") else "not reached")
    return Row(
        result_id, analysis, variant or "default", "treated", parts[1],
        parts[2] if len(parts) > 2 else None, statistic, kind, value, **more,
    )  # fmt: skip


def one_patient(days=30, is_event=False):
    """Return results and answers of one patient, for whom nothing has happened."""
    source = Source("follow_up.csv", ("S1",), 2)
    event = Event("S1", "os", dt.date(2020, 1, 1), dt.date(2020, 1, 30), days, is_event,
                  "CUT", "alive", (source,))  # fmt: skip
    contribution = Contribution("S1", "censored", "30 days", "CUT: alive", (source,))
    basis = Basis("os/all", "death", "treated subjects", (contribution,))
    rows = [
        row("os/all/total", value=1, basis="os/all"),
        row("os/all/events", value=int(is_event), basis="os/all"),
        row("os/all/censored", value=int(not is_event), basis="os/all"),
        row("os/all/median", Kind.DURATION, basis="os/all"),
        row("os/all/lower", Kind.DURATION),
        row("os/all/upper", Kind.DURATION),
        row("os/all/maximum", Kind.DURATION, value=days),
        row("os/all/month:0/at_risk", value=1),
        row("os/all/month:3/at_risk", value=0),
    ]
    answers = SimpleNamespace(subject_id="S1", time_points=(), best=None, events={"os": event})
    return Results(tuple(rows), {"os/all": basis}), [answers]


def test_one_patient_without_an_event_is_drawn(protocol):
    results, derived = one_patient()
    (drawn,) = draw_figures(Trial(Shown(results, protocol), derived))
    elements = marks(drawn)

    assert len(points(elements["os/all/maximum#end"])) == 2  # flat from day 0 to day 30
    assert "os/all/censored" in elements
    assert "os/all/median#line" not in elements


@pytest.mark.parametrize(("outline", "least"), [("paper", 4), ("csr", 30)])
def test_a_study_without_results_says_so_in_each_table(protocol, outline, least):
    document = build_report(protocol, Results(()), outline=outline)
    html = render_html(document)
    blocks = [block for section in document.sections for block in section.blocks]
    empty = [block.absence for block in blocks if isinstance(block, Table) and not block.lines]

    assert html.count('<p class="empty">') == len(empty) >= least
    assert all(text in html for text in empty)
    assert document.traces == {}


def test_a_report_without_figures_says_how_to_get_them(protocol):
    results, derived = one_patient()
    html = render_html(
        build_report(protocol, results, Material(derived=derived), with_figures=False)
    )

    assert "<svg" not in html
    assert "pip install &#39;onearm[report]&#39;" in html


EVIL = """<script>alert("1")</script> & 'x' $\\alpha$ --> ]]>"""


def test_hostile_texts_stay_texts(protocol):
    results, derived = one_patient()
    groups = (protocol.subgroups[0].model_copy(update={"label": EVIL}),)
    study = protocol.study.model_copy(update={"title": EVIL, "id": EVIL})
    hostile = protocol.model_copy(update={"study": study, "subgroups": groups})
    source = Source(f"{EVIL}.csv", ("S1",), 2)
    contribution = Contribution(EVIL, "censored", EVIL, EVIL, (source,))
    basis = replace(results.bases["os/all"], contributions=(contribution,), numerator=EVIL)
    published = Published("x", EVIL, EVIL, EVIL, None, "cannot check", EVIL)
    document = build_report(
        hostile,
        Results(results.rows, {"os/all": basis}),
        Material(
            derived=derived,
            comparisons=[Comparison(published, None, None, "cannot check")],
            findings=[Finding("warning", "evil", EVIL, Place(EVIL, 1), EVIL)],
        ),
        {"notice": EVIL, "inputs": {EVIL: EVIL}},
    )
    html = render_html(document)
    page = Page(html)
    data = json.loads(re.search(r'id="traces">(.*?)</script>', html, re.DOTALL)[1])

    assert [tag for tag, _ in page.elements].count("script") == 2
    assert "<script>alert" not in html
    assert EVIL in data["texts"]
    assert EVIL in [piece.text for piece in page.pieces]


def test_hostile_texts_of_a_figure_stay_texts(protocol):
    rows, bases = [], {}
    for group, subject in (("asps", "S1"), ("evil", "S2")):
        results, derived = one_patient()
        contribution = Contribution(subject, "censored", None, EVIL, ())
        bases[group] = Basis(group, EVIL, EVIL, (contribution,))
        for one in results.rows:
            name = one.id.replace("os/all/", f"pfs/{group}/")
            rows.append(one._replace(id=name, analysis="pfs", group=group, basis=group))
    first = protocol.subgroups[0].model_copy(update={"label": EVIL})
    second = protocol.subgroups[1].model_copy(update={"id": "evil", "label": EVIL})
    hostile = protocol.model_copy(update={"subgroups": (first, second)})
    shown = Shown(Results(tuple(rows), bases), hostile)
    (drawn,) = draw_figures(Trial(shown, derived))

    assert "<script>" not in drawn.svg
    assert "pfs/evil/maximum#end" in marks(drawn)


# The layout of the tables.


def cells(table):
    return {text_of(line.label): [text_of(cell) for cell in line.cells] for line in table.lines}


def test_table_2_gives_both_views(found):
    shown = Shown(found.results, found.study.protocol)
    lines = cells(response_table(shown, tuple(shown.groups)))

    # Table 2 of the paper: PD confirmed and unconfirmed apart; RECIST 1.1 counts both as PD.
    assert lines["PD"][:3] == ["7 (23.33)", "0", "7 (38.89)"]
    assert lines["iCPD"] == ["4 (13.33)", "0", "4 (22.22)", "3 (42.86)", "1 (20.00)"]
    assert lines["iUPD"] == ["3 (10.00)", "0", "3 (16.67)", "0", "1 (20.00)"]
    assert lines["ORR, n\N{NO-BREAK SPACE}(%)"][1] == "9 (75.00)"


def test_a_study_report_gives_n_mean_median_and_range_of_age(found):
    lines = cells(baseline_table(Shown(found.results, found.study.protocol, profile="csr")))

    # R 4.2.2, subjects.csv: length 30, mean 36.9, sd (of a sample) 14.07945, median 32.5, 19 to 67.
    assert lines["n"] == ["30"]
    assert lines["Mean (SD)"] == ["36.9 (14.1)"]
    assert lines["Median"] == ["32.5"]
    assert lines["Min - Max"] == ["19.0 - 67.0"]


def test_why_patients_stopped_is_told_in_words(found):
    told = " ".join(
        "".join(span.text for span in sentence)
        for sentence in patient_sentences(Shown(found.results, found.study.protocol))
    )

    # disposition.csv of the study: 20, 3 and 1 of the 24 who stopped.
    assert (
        "(20 for progressive disease, 3 because of adverse events and 1 by withdrawal of consent)"
        in told
    )


def test_table_1_is_that_of_the_paper(found):
    shown = Shown(found.results, found.study.protocol)
    lines = cells(baseline_table(shown))

    assert lines["Age (years), median (range)"] == ["32.5 (19.0\N{EN DASH}67.0)"]
    assert lines["Others"] == ["0"]  # stage: a zero count has no percentage
    assert lines["Leiomyosarcoma"] == ["4 (13.33)"]
    assert "None" not in lines  # counted, and not printed in the paper


def term(name, n, total=30, severe=0):
    head = f"trae/all/term:{name}"
    return [
        row(f"{head}/total", value=total, label=name),
        row(f"{head}/any_count", value=n, label=name),
        row(f"{head}/any_estimate", Kind.PROPORTION, value=n / total, label=name),
        row(f"{head}/grade_3_count", value=severe, label=name),
        row(f"{head}/grade_3_estimate", Kind.PROPORTION, value=severe / total, label=name),
    ]


def test_table_3_holds_terms_at_the_threshold_by_frequency_and_name(protocol):
    # 3 of 30 is exactly the 10 % of the protocol, and is in; 2 of 30 is not.
    rows = [*term("rash", 3), *term("nausea", 2), *term("anaemia", 3, severe=1), *term("fever", 9)]
    lines = cells(adverse_event_table(Shown(Results(tuple(rows)), protocol)))

    assert list(lines) == ["fever", "anaemia", "rash"]
    assert lines["anaemia"] == ["3 (10.00)", "1 (3.33)"]
    assert lines["rash"] == ["3 (10.00)", "0"]


def test_the_csr_profile_prints_signs_and_brackets(found):
    csr = found.study.protocol.model_copy(update={"format": "csr"})
    table = response_table(Shown(found.results, csr), ("all",))

    assert cells(table)["ORR, n\N{NO-BREAK SPACE}(%)"] == ["11 (36.7%)"]
    # The formats of tern's tables: xx (xx.x%), and (xx.xx, xx.xx) for an interval.
    assert "(19.93, 56.14)" in [text_of(cell) for line in table.lines for cell in line.cells]


def test_a_median_that_is_not_reached_is_nr_or_in_a_study_report_ne(found):
    shown = {
        profile: Shown(found.results, found.study.protocol, profile=profile)
        for profile in ("journal", "csr", "label")
    }
    texts = {profile: one.value("os/all/median").text for profile, one in shown.items()}

    assert texts == {"journal": "NR", "csr": "NE", "label": "NR"}
    # 69.14 %: the OS at 12 months as the paper prints it; a report has two digits, a label none.
    rates = [one.value("os/all/rate_12_months").text for one in shown.values()]
    assert rates == ["69.14", "69.14", "69"]


def test_findings_come_the_gravest_first_and_none_is_dropped():
    findings = [Finding("note", "a", "small"), Finding("warning", "b", "great", Place("x.csv", 3))]
    table = finding_table(findings)

    assert [text_of(line.label) for line in table.lines] == ["warning", "note"]
    assert finding_table([]).lines == ()


def test_a_published_number_keeps_its_verdict_and_reason():
    published = Published("x", "ORR", "Table 2", "36.7", "orr/all/estimate", "differs", "a slip")
    ours = row("orr/all/estimate", Kind.PROPORTION, value=11 / 30)
    (line,) = published_table([Comparison(published, ours, "36.67", "explained")]).lines

    assert [text_of(cell) for cell in line.cells] == [
        "36.7", "36.67", "explained", "Table 2", "a slip"
    ]  # fmt: skip
    assert line.cells[1][0].result == "orr/all/estimate"
    assert line.mark == "explained"


# In a browser.

BROWSER = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=4000", "--dump-dom",
)  # fmt: skip

PROBE = """<script>
const tell = (name, text) => document.body.setAttribute("data-" + name, text);
window.addEventListener("error", (event) => tell("error", event.message));
addEventListener("load", () => setTimeout(() => {
  const dialog = document.getElementById("trace");
  tell("closed-at-first", !dialog.open);
  document.querySelector('data[data-result="orr/all/count"]').click();
  setTimeout(() => {
    tell("clicked", dialog.open + " " + dialog.innerText.replaceAll("\\n", " "));
    dialog.close();
    const bar = document.querySelector('svg [data-result="pfs/all/median"]');
    bar.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
    setTimeout(() => {
      tell("entered", document.getElementById("trace-title").textContent);
      dialog.close();
      const first = document.querySelector('#table-response [data-result][tabindex="0"]');
      first.focus();
      first.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
      tell("moved", document.activeElement !== first && document.activeElement.dataset.result);
      tell("wide", document.documentElement.scrollWidth > innerWidth);
      tell("requests", performance.getEntriesByType("resource").length);
    }, 200);
  }, 200);
}, 200));
</script></body>"""


def browse(program, path, profile, width, fragment=""):
    address = path.resolve().as_uri() + fragment
    run = subprocess.run(
        [program, *BROWSER, f"--window-size={width},900", f"--user-data-dir={profile}", address],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert "CONSOLE" not in run.stderr, run.stderr
    return run.stdout


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser_a_number_leads_to_its_trace(html, tmp_path, program, width):
    path = tmp_path / "report.html"
    path.write_text(html.replace("</body>", PROBE), encoding="utf-8")
    dom = browse(program, path, tmp_path / "profile", width)
    told = next(about for tag, about in Page(dom).elements if tag == "body")

    assert "data-error" not in told
    assert told["data-closed-at-first"] == "true"
    assert told["data-clicked"].startswith("true ")
    assert "counted: 11" in told["data-clicked"]
    assert "lesions.csv:" in told["data-clicked"]
    assert told["data-entered"] == "pfs/all/median"
    assert told["data-moved"].startswith("orr/")
    assert told["data-wide"] == "false"
    assert told["data-requests"] == "0"


MARKS = """<script>
const say = (name, text) => document.body.setAttribute("data-" + name, text);
window.addEventListener("error", (event) => say("error", event.message));
addEventListener("load", () => setTimeout(() => {
  const figures = [...document.querySelectorAll("figure.picture")];
  say("figures", figures.length);
  const stops = (f) => f.querySelectorAll('svg [tabindex="0"]').length;
  say("reached", figures.filter((f) => stops(f) === 1).length);
  say("named", figures.filter((f) => f.querySelector("svg").getAttribute("aria-label")).length);
  say("tables", figures.filter((f) => f.querySelector("details.data table tbody tr")).length);
  say("cut", figures.filter((f) => {
    const svg = f.querySelector("svg").getBoundingClientRect();
    const wide = f.querySelector(".wide");
    return svg.right > innerWidth + 1 && wide.scrollWidth <= wide.clientWidth;
  }).length);
  const flow = document.querySelector("#figure-flow svg").getBoundingClientRect();
  say("flow", flow.left >= 0 && flow.right <= innerWidth);
  const lane = document.querySelector('#figure-swimmer svg [data-words]');
  say("title", lane.querySelector("title").textContent);
  lane.focus();
  say("focused", document.activeElement === lane);
  lane.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
  const dialog = document.getElementById("trace");
  say("told", dialog.open + " " + dialog.innerText.replaceAll("\\n", " | "));
  dialog.close();
  lane.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
  say("next", document.activeElement !== lane && !!document.activeElement.dataset.words);
}, 200));
</script></body>"""


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser_the_marks_of_figures_are_reached_and_say_what_they_are(
    html, tmp_path, program, width
):
    path = tmp_path / "report.html"
    path.write_text(html.replace("</body>", MARKS), encoding="utf-8")
    dom = browse(program, path, tmp_path / "profile", width)
    told = next(about for tag, about in Page(dom).elements if tag == "body")

    assert "data-error" not in told
    counts = {told[f"data-{name}"] for name in ("figures", "reached", "named", "tables")}
    assert counts == {"9"}
    assert told["data-cut"] == "0"
    assert told["data-flow"] == "true"
    assert told["data-title"].startswith("TQB-")
    assert told["data-focused"] == told["data-next"] == "true"
    assert told["data-told"].startswith("true ")
    assert "doses.csv:" in told["data-told"]


@pytest.mark.needs("chromium")
def test_an_address_with_a_result_opens_its_trace(html, tmp_path, program):
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    dom = browse(program, path, tmp_path / "profile", 1280, "#trace=orr/all/lower")

    assert '<h2 id="trace-title">orr/all/lower</h2>' in dom
    assert re.search(r'<dialog id="trace"[^>]*\bopen\b', dom)
