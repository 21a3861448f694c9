"""The protocol file: what it holds, and what is said of every way to get it wrong."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onearm.errors import InputError
from onearm.io.yaml import parse_yaml, read_yaml
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol, parse_rules
from onearm.protocol.response import PROFILES, ResponseRules
from onearm.protocol.response_plan import ProfiledRules
from onearm.protocol.values import Amount, read_amount, read_days_of_cycle, read_period

ROOT = Path(__file__).parents[2]
STUDIES = ("tqb2450-ib-02", "nct07388875", "nct07083375")

SMALL = """\
protocol: 1
study:
  id: X-1
  title: A study
  phase: II
  conditions: [sarcoma]
  status: {state: recruiting}
  arm: {title: the drug}
  enrolment: {planned: 30, is_estimated: true}
cohorts: [{id: main, planned: 30}]
design:
  kind: precision
  target: 0.30
  lower_limit_above: 0.15
  alpha: 0.05
  dropout: 0.20
  n: 24
  enrolled: 30
treatment:
  cycle: 21 days
  drugs: [{name: drug, dose: 12 mg, route: oral, days: 1-14, levels: [12 mg, 10 mg]}]
eligibility:
  inclusion: [{id: I01, text: Adults, source: section 4}]
response:
  assess_every: 6 weeks
endpoints:
  primary: [orr]
characteristics:
  - {id: histology, label: Histology, kind: categorical, levels: [ASPS, UPS]}
subgroups:
  - {id: asps, label: ASPS, where: {histology: ASPS}}
safety: {ctcae: 5.0}
"""


def load(study: str) -> Protocol:
    return parse_protocol(read_yaml(ROOT / "studies" / study / "protocol.yaml"))


def read(text: str) -> Protocol:
    return parse_protocol(parse_yaml(text, "protocol.yaml"))


def findings(text: str) -> list[str]:
    with pytest.raises(InputError) as error:
        read(text)
    return str(error.value).splitlines()


def changed(*changes: tuple[str, str]) -> str:
    text = SMALL
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


# What the shipped studies say


def test_the_published_trial_stands_as_its_paper_tells_it():
    # Liu J, et al. Clin Cancer Res 2022;28:3473-9.
    plan = load("tqb2450-ib-02")

    assert plan.study.enrolment.planned == 30
    assert plan.study.data_cutoff is not None
    assert plan.study.data_cutoff.isoformat() == "2021-10-08"
    assert (plan.study.age.minimum, plan.study.age.maximum) == (18, 70)
    assert [drug.name for drug in plan.treatment.drugs] == ["anlotinib", "TQB2450"]
    anlotinib, antibody = plan.treatment.drugs
    assert (anlotinib.dose, anlotinib.unit, anlotinib.days) == (12, "mg", tuple(range(1, 15)))
    assert [level.value for level in anlotinib.levels] == [12, 10, 8]
    assert (antibody.infusion_minutes, antibody.infusion_tolerance_minutes) == (60, 5)
    assert antibody.is_modifiable is False
    assert str(antibody.stop_after) == "24 months"
    assert plan.treatment.cycle_days == 21
    assert plan.treatment.beyond_progression is True
    assert plan.response.also == "iRECIST"
    assert plan.response.assess_every_days == 42
    assert [endpoint.id for endpoint in plan.endpoints.primary] == ["orr"]
    assert plan.analysis.landmarks_days == (Fraction(1461, 8), Fraction(1461, 4))
    assert [landmark.suffix for landmark in plan.analysis.landmarks] == ["6_months", "12_months"]
    assert [group.label for group in plan.subgroups] == ["ASPS", "Non-ASPS", "SS", "UPS"]
    assert plan.safety.reporting_threshold == Decimal("0.10")


def test_the_registered_trials_stand_as_their_entries_tell_them():
    lung, first_line = load("nct07388875"), load("nct07083375")

    assert (lung.study.enrolment.planned, first_line.study.enrolment.planned) == (30, 56)
    assert lung.design.kind == "simon"
    assert [(str(drug.amount), drug.days[-1]) for drug in lung.treatment.drugs] == [
        ("200 mg", 1),
        ("8 mg", 14),
    ]
    assert [phase.drugs for phase in first_line.treatment.phases][1] == ("QL1706", "bevacizumab")
    assert first_line.samples[0].is_required is False


@pytest.mark.parametrize(
    ("study", "inclusion", "exclusion"),
    [  # ids counted in the sources: numbers of the lists, letters for the parts of an item
        ("tqb2450-ib-02", "I01 I02 I03 I04 I05 I06 I07 I08", "E01 E02"),
        (
            "nct07388875",
            (
                "I01 I02 I03 I04 I05 I06 I07 I08 I09a I09b I09c I10a I10b I10c I10d I11 I12a "
                "I12b I12c I13 I14"
            ),
            (
                "E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E11a E11b E11c E11d E11e E11f E11g "
                "E12 E13 E14 E15 E16 E17"
            ),
        ),
        (
            "nct07083375",
            "I01 I02 I03 I04 I05 I06 I07 I08 I09a I09b I09c I09d I09e I09f I09g",
            (
                "E01 E02 E03 E04 E05 E06 E07 E08 E09a E09b E09c E10 E11 E12 E13 E14 E15 E16 E17 "
                "E18 E19 E20 E21"
            ),
        ),
    ],
)
def test_every_criterion_of_the_source_is_there(study, inclusion, exclusion):
    eligibility = load(study).eligibility

    assert " ".join(criterion.id for criterion in eligibility.inclusion) == inclusion
    assert " ".join(criterion.id for criterion in eligibility.exclusion) == exclusion


@pytest.mark.parametrize(
    ("study", "fields"),
    [  # what the sources do not give
        ("tqb2450-ib-02", ["analysis.level", "response.assess_window"]),
        ("nct07388875", ["design.p0", "design.p1", "schedule.assessments"]),
        (
            "nct07083375",
            ["design", "endpoints.primary", "treatment.drugs[QL1706].dose", "treatment.cycle"],
        ),
    ],
)
def test_what_the_source_does_not_give_is_assumed_with_a_reason(study, fields):
    assumptions = {item.field: item for item in load(study).assumptions}

    assert set(fields) <= set(assumptions)
    assert all(len(item.reason) > 10 for item in assumptions.values())
    lines = (ROOT / "studies" / study / "protocol.yaml").read_text(encoding="utf-8").splitlines()
    for item in assumptions.values():
        assert item.place.line is not None
        assert any("assumed:" in line for line in lines[item.place.line - 1 :])


# Values


def test_an_assumed_value_counts_as_the_value_and_keeps_reason_and_place():
    text = changed(("alpha: 0.05", 'alpha: {value: 0.05, assumed: "not stated"}'))
    plan = read(text)

    assert plan.design == read(SMALL).design
    assert plan.assumptions == (
        ("design.alpha", "0.05", "not stated", ("protocol.yaml", 15, 18, "design.alpha")),
    )


def test_a_whole_section_can_be_assumed():
    text = SMALL.replace("  primary: [orr]", "  value: {primary: [orr]}\n  assumed: not stated")

    assert read(text).endpoints == read(SMALL).endpoints
    assert [item.field for item in read(text).assumptions] == ["endpoints"]


def test_periods_keep_their_unit_and_their_exact_days():
    assert read_period("6 months").days == Fraction(1461, 8)  # 182.625, months of 30.4375 days
    assert read_period("26 weeks").days == 182
    assert str(read_period("1 month")) == "1 month"


def test_doses_and_days_of_a_cycle_are_read_as_protocols_write_them():
    assert read_amount("75 mg/m2") == Amount(Decimal(75), "mg/m2")
    assert str(read_amount("AUC 5")) == "AUC 5"
    assert read_days_of_cycle("1-3, 8") == (1, 2, 3, 8)


# Response rules


def test_a_study_states_only_what_deviates_from_its_profile():
    text = changed(
        ("  assess_every: 6 weeks", "  assess_every: 6 weeks\n  profile: admiralonco\n  cr_pr: pd")
    )
    rules = read(text).response.rules

    assert rules.cr_pr == "pd"  # deviates
    assert rules.reappear_after_cr == "flag"  # of the profile
    assert rules.max_targets == 5  # the default of both
    assert type(rules) is ResponseRules


def test_the_known_profiles_are_those_of_the_rules():
    assert get_args(ProfiledRules.model_fields["profile"].annotation) == tuple(PROFILES)


def other_value(name: str) -> object:
    """Return a value of an option that is not its default."""
    field = ResponseRules.model_fields[name]
    codes = [a for a in get_args(field.annotation) if isinstance(a, str)]
    if codes:
        return next(code for code in codes if code != field.default)
    if isinstance(field.default, bool):
        return not field.default
    if name in {"pr_rel", "pd_rel"}:
        return "0.25"
    if name in {"max_confirm_gap_days", "icpd_max_days"}:  # not below the least wait
        return 70
    return 7 if field.default != 7 else 8


@pytest.mark.parametrize("name", list(ResponseRules.model_fields))
def test_every_option_can_be_set_in_a_rules_file_and_in_a_protocol(name):
    value = other_value(name)
    needs = {"partial_other": "partial_cap_mm: 10", "partial_cap_mm": "partial_other: bound"}
    lines = [f"{name}: {json.dumps(value)}", *([needs[name]] if name in needs else [])]
    line = "\n  ".join(lines)

    rules = parse_rules(parse_yaml("\n".join(lines).replace('"0.25"', "0.25"), "rules.yaml"))

    assert str(getattr(rules, name)) == str(value)
    assert getattr(rules, name) != getattr(ResponseRules(), name)
    if name != "cbr_weeks":  # with cbr_months at its default of 6
        inline = changed(("  assess_every: 6 weeks", f"  assess_every: 6 weeks\n  {line}"))
        assert getattr(read(inline.replace('"0.25"', "0.25")).response.rules, name) == getattr(
            rules, name
        )


def test_a_rules_file_that_is_wrong_says_where():
    with pytest.raises(InputError) as error:
        parse_rules(parse_yaml("confirm_day: 28\nmin_sd_days: six\n", "rules.yaml"))

    assert str(error.value).splitlines() == [
        "rules.yaml:1:1: 'confirm_day' is not a key; did you mean 'confirm_days'?",
        "rules.yaml:2:14: min_sd_days must be a whole number; got 'six'",
    ]


# What is changed in the small protocol, and what is said of it

MISTAKES = {
    "misspelt key": (
        ("title: A study", "titel: A study"),
        [
            "2:1: study.title is missing: full title of the study",
            "4:3: 'titel' is not a key of study; did you mean 'title'?",
        ],
    ),
    "misspelt code": (
        ("state: recruiting", "state: recruting"),
        [
            (
                "7:19: study.status.state must be 'not-yet-recruiting', 'recruiting', "
                "'active-not-recruiting', 'completed', 'terminated', 'suspended', 'withdrawn' or "
                "'unknown'; got 'recruting'; did you mean 'recruiting'?"
            )
        ],
    ),
    "misspelt kind": (
        ("kind: precision", "kind: precison"),
        [
            (
                "12:9: design.kind must be 'precision', 'simon', 'single_stage', 'survival'; "
                "got 'precison'; did you mean 'precision'?"
            )
        ],
    ),
    "key of another kind": (
        ("  dropout: 0.20", "  power: 0.80"),
        [
            (
                "16:3: 'power' is not a key of design; allowed are alpha, n, dropout, enrolled, "
                "rationale, kind, target, lower_limit_above"
            )
        ],
    ),
    "text for a number": (
        ("alpha: 0.05", "alpha: 0,05"),
        ["15:10: design.alpha must be a number; got '0,05'"],
    ),
    "number in quotes": (
        ("{planned: 30,", '{planned: "30",'),
        ["9:24: study.enrolment.planned must be a whole number; got '30'"],
    ),
    "truth for a number": (
        ("  n: 24", "  n: true"),
        ["17:6: design.n must be a whole number; got true"],
    ),
    "number for a text": (
        ("title: A study", "title: 7"),
        ["4:10: study.title must be text (put it in quotes); got 7"],
    ),
    "percent for a proportion": (
        ("target: 0.30", "target: 30"),
        ["13:11: design.target must be a proportion between 0 and 1 (30 % is 0.3); got 30"],
    ),
    "period without unit": (
        ("cycle: 21 days", "cycle: 21"),
        [
            (
                "20:10: treatment.cycle must be a period of whole days or weeks, such as '21 "
                "days' or '6 weeks'; got 21"
            )
        ],
    ),
    "dose without unit": (
        ("dose: 12 mg", "dose: 12"),
        [
            (
                "21:30: treatment.drugs[drug].dose must be a dose with its unit, such as '12 mg', "
                "'75 mg/m2', '5 mg/kg' or 'AUC 5'; got 12"
            )
        ],
    ),
    "days backwards": (
        ("days: 1-14", "days: 14-1"),
        [
            (
                "21:56: treatment.drugs[drug].days must name days of the cycle from 1 to 366, "
                "upwards; got '14-1'"
            )
        ],
    ),
    "criterion id": (
        ("id: I01", "id: 1a"),
        [
            (
                "23:20: eligibility.inclusion[1a].id must be I or E, two digits and perhaps a "
                "letter, such as I09a; got '1a'"
            )
        ],
    ),
    "duplicate key": (
        ("  alpha: 0.05", "  target: 0.40"),
        [
            "11:1: design.alpha is missing: one-sided error",
            "15:3: 'target' stands here again; first in line 13",
        ],
    ),
    "missing section": (
        ("safety: {ctcae: 5.0}\n", ""),
        ["1:1: safety is missing: how adverse events are graded and reported"],
    ),
    "empty section": (
        ("safety: {ctcae: 5.0}", "safety:"),
        ["32:1: safety must hold keys with values; got nothing"],
    ),
    "empty list": (
        ("primary: [orr]", "primary: []"),
        ["27:12: endpoints.primary must not be empty; got a list"],
    ),
    "impossible date": (
        ("  id: X-1", "  id: X-1\n  data_cutoff: 2019-02-30"),
        [
            (
                "4:16: study.data_cutoff must be a day of the calendar, such as 2021-10-08; "
                "got '2019-02-30'"
            )
        ],
    ),
    "partial date": (
        ("  id: X-1", "  id: X-1\n  data_cutoff: 2019-02"),
        ["4:16: study.data_cutoff must be a complete date, such as 2021-10-08; got '2019-02'"],
    ),
    "four decimals of a millimetre": (
        ("  assess_every: 6 weeks", "  tstm_mm: 4.9512"),
        ["25:12: response.tstm_mm must have at most 3 decimals; got 4.9512"],
    ),
    "assumed without reason": (
        ("alpha: 0.05", "alpha: {value: 0.05, assumed: }"),
        ["15:24: design.alpha must say why the value is assumed"],
    ),
    "assumed without value": (
        ("alpha: 0.05", "alpha: {assumed: not stated}"),
        ["15:11: design.alpha needs the value beside it, under 'value'"],
    ),
    "assumed with more": (
        ("alpha: 0.05", "alpha: {value: 0.05, assumed: not stated, note: x}"),
        ["15:45: design.alpha 'value' and 'assumed' stand alone; got 'note'"],
    ),
    "assumed value that is wrong": (
        ("alpha: 0.05", "alpha: {value: five, assumed: not stated}"),
        ["15:18: design.alpha must be a number; got 'five'"],
    ),
    "assumptions as a section": (
        ("safety: {ctcae: 5.0}", "safety: {ctcae: 5.0}\nassumptions: []"),
        [
            (
                "33:1: 'assumptions' is not a key; allowed are protocol, study, cohorts, design, "
                "treatment, eligibility, schedule, response, endpoints, analysis, sets, subgroups, "
                "characteristics, biomarkers, samples, safety, format"
            )
        ],
    ),
    # Sections that contradict each other
    "cohorts against enrolment": (
        ("{id: main, planned: 30}", "{id: main, planned: 28}"),
        [
            "9:24: 30 subjects planned, but the cohorts add up to 28",
            "18:13: design.enrolled is 30, but the cohorts add up to 28",
        ],
    ),
    "more evaluable than enrolled": (
        ("  n: 24", "  n: 34"),
        ["17:6: design.n is 34, but 30 subjects are to be enrolled"],
    ),
    "target under the limit": (
        ("target: 0.30", "target: 0.10"),
        ["13:11: design.target 0.10 must exceed design.lower_limit_above 0.15"],
    ),
    "time as primary of a precision design": (
        ("primary: [orr]", "primary: [pfs]"),
        [
            (
                "27:12: endpoints.primary is pfs, but a design of kind precision needs orr or "
                "dcr or cbr or iorr or idcr"
            )
        ],
    ),
    "decision against design": (
        ("[orr]", "[{id: orr, decision: {lower_limit_above: 0.20}}]"),
        [
            "27:53: the decision needs more than 0.20, but design.lower_limit_above is 0.15",
        ],
    ),
    "iRECIST endpoint": (
        ("primary: [orr]", "primary: [orr, ipfs]"),
        ["27:18: endpoint ipfs needs 'also: iRECIST' under response"],
    ),
    "two limits of clinical benefit": (
        ("  assess_every: 6 weeks", "  cbr_months: 6\n  cbr_weeks: 24"),
        ["26:14: response has cbr_weeks 24 and cbr_months 6; give one of them"],
    ),
    "unknown characteristic": (
        ("where: {histology", "where: {histologie"),
        [
            "31:49: 'histologie' is not among the characteristics; did you mean 'histology'?",
        ],
    ),
    "unknown level": (
        ("histology: ASPS}", "histology: ASP}"),
        ["31:48: 'ASP' is not a level of histology; did you mean 'ASPS'?"],
    ),
    "dose outside its levels": (
        ("dose: 12 mg", "dose: 16 mg"),
        ["21:70: drug: the dose 16 mg is not among 12 mg, 10 mg"],
    ),
    "levels upwards": (
        ("[12 mg, 10 mg]", "[10 mg, 12 mg]"),
        ["21:70: drug: the levels must go downwards; got 10 mg, 12 mg"],
    ),
    "day after the cycle": (
        ("days: 1-14", "days: 1-28"),
        ["21:56: drug: day 28 is after the cycle's 21 days"],
    ),
    "ages swapped": (
        ("  id: X-1", "  id: X-1\n  age: {minimum: 70, maximum: 18}"),
        ["4:18: study.age.minimum 70 exceeds the maximum 18"],
    ),
    "windows that overlap": (
        ("  assess_every: 6 weeks", "  assess_every: 6 weeks\n  assess_window: 3 weeks"),
        ["26:18: windows of 21 days about assessments every 42 days overlap"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_place(mistake):
    change, said = MISTAKES[mistake]

    assert findings(changed(change)) == [f"protocol.yaml:{line}" for line in said]


def test_all_mistakes_are_named_at_once_in_the_order_of_the_file():
    text = changed(
        ("title: A study", "titel: A study"),
        ("cycle: 21 days", "cycle: 21"),
        ("where: {histology", "where: {histologie"),
    )

    lines = [int(line.split(":")[1]) for line in findings(text)]
    assert lines == [2, 4, 20, 31]


def test_a_survival_design_with_a_response_rate_as_primary_is_a_contradiction():
    start = SMALL.index("design:")
    end = SMALL.index("treatment:")
    survival = """\
design:
  kind: survival
  null: {median: 8 months}
  alternative: {median: 5.5 months}
  alpha: 0.05
  power: 0.80
  accrual: 18 months
  follow_up: 12 months
"""

    assert findings(SMALL[:start] + survival + SMALL[end:]) == [
        "protocol.yaml:14:25: the alternative median 5.5 months must exceed the null 8 months",
        "protocol.yaml:27:12: endpoints.primary is orr, but a design of kind survival needs pfs",
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "1:1: must hold keys with values; the file is empty"),
        (b"# nothing\n", "1:1: must hold keys with values; the file is empty"),
        (b"- a\n", "1:1: must hold keys with values; got a list"),
        (b"<html>\n", "1:1: must hold keys with values; got '<html>'"),
        (b"a: 1\nb: caf\xe9\n", "2:7: must be encoded in UTF-8; got the byte 0xE9"),
        (b"\xff\xfea\x00", "1:1: must be encoded in UTF-8; got the byte 0xFF"),
        (b"a:\n\tb: 1\n", "2:1: must be indented with spaces; got a tab"),
        (b"a: b: c\n", "1:5: is not valid YAML: mapping values are not allowed here"),
        (b'a: "\x01"\n', "1:5: U+0001 may not stand in YAML"),
        (b"a: &x 1\n", "1:4: anchors and aliases are not read; write it out"),
        (b"a: !!int 1\n", "1:4: tags are not read; got tag:yaml.org,2002:int"),
        (b"a: 1\n---\nb: 1\n", "2:1: must hold one YAML document; got a second"),
        (b"? [a]\n: 1\n", "1:3: must have a text as key; got a list or mapping"),
        (b"a: " + b"[" * 99, "1:43: may be nested 40 deep at most"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_line(content, said, tmp_path):
    path = tmp_path / "protocol.yaml"
    path.write_bytes(content)

    with pytest.raises(InputError) as error:
        read_yaml(path)

    assert str(error.value) == f"protocol.yaml:{said}"


def test_a_file_that_is_not_there_gets_one_line(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: no such file$"):
        read_yaml(tmp_path / "none.yaml")


def test_yaml_scalars_are_those_of_yaml_1_2():
    text = 'a: yes\nb: 0.30\nc: 2019-01-01\nd: 1e-3\ne: ""\nf: ~\ng: "1"\nh: 007\n'

    assert parse_yaml(text, "x").data == {
        "a": "yes",
        "b": Decimal("0.30"),
        "c": "2019-01-01",
        "d": Decimal("0.001"),
        "e": "",
        "f": None,
        "g": "1",
        "h": 7,
    }


def shuffled(value: Any, rng: Random) -> Any:
    if isinstance(value, dict):
        return {key: shuffled(value[key], rng) for key in rng.sample(list(value), len(value))}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(rng):
    plan = read_yaml(ROOT / "studies" / STUDIES[0] / "protocol.yaml").data
    text = json.dumps(shuffled(plan, rng), default=float)  # JSON is YAML

    first, second = parse_protocol(parse_yaml(text, "x")), load(STUDIES[0])
    assert first.model_dump() == second.model_dump()
    assert {a[:1] + a[2:3] for a in first.assumptions} == {
        a[:1] + a[2:3] for a in second.assumptions
    }


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(p for step, item in inner for p in paths(item, (*path, step)))]


PLAN = read_yaml(ROOT / "studies" / STUDIES[0] / "protocol.yaml").data
ODD = st.sampled_from(
    [None, True, -1, 10**30, 0.5, "", "x", "0 days", [], {}, [None], {"a": 1}, {"assumed": None}]
)


@settings(max_examples=40)
@given(st.sampled_from(paths(PLAN)[1:]), ODD)
def test_whatever_is_wrong_gets_a_sentence_and_a_place(path, odd):
    plan = json.loads(json.dumps(PLAN, default=float))
    parent = plan
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = odd

    try:
        parse_protocol(parse_yaml(json.dumps(plan), "x"))
    except InputError as error:
        for finding in error.findings:
            assert finding.place
            assert finding.place.line
            assert "\n" not in finding.message


# The JSON Schema


def schema_problems(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> list[str]:
    """Validate the keywords that the schema uses; an independent reading of it."""
    if "$ref" in schema:
        inner = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        rest = {key: part for key, part in schema.items() if key != "$ref"}
        return schema_problems(inner, value, root) + schema_problems(rest, value, root)
    found = [p for inner in schema.get("allOf", []) for p in schema_problems(inner, value, root)]
    if found:
        return found
    for keyword in ("anyOf", "oneOf"):
        tried = [schema_problems(inner, value, root) for inner in schema.get(keyword, [])]
        if tried and all(tried):
            return [f"{value!r:.60}: {min(tried, key=len)}"]
    if "const" in schema and value != schema["const"]:
        return [f"{value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{value!r} is not among {schema['enum']}"]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, KINDS[kind]) for kind in kinds):
        return [f"{value!r:.60} is not {kinds}"]
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return [f"{value!r} does not match {schema['pattern']}"]
    if isinstance(value, list):
        inner = schema.get("items", {})
        return [problem for item in value for problem in schema_problems(inner, item, root)]
    if not isinstance(value, dict):
        return []
    known = schema.get("properties", {})
    found = [f"{key} is missing" for key in schema.get("required", []) if key not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{key} is unknown" for key in value if key not in known]
    for key in known.keys() & value.keys():
        found += [f"{key}: {p}" for p in schema_problems(known[key], value[key], root)]
    return found


KINDS: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float, Decimal),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


@pytest.mark.parametrize("study", STUDIES)
def test_the_schema_accepts_the_shipped_protocols(study):
    from onearm.pipeline.schema import protocol_schema

    schema = protocol_schema().as_json()
    data = read_yaml(ROOT / "studies" / study / "protocol.yaml").data

    assert schema_problems(schema, data, schema) == []


def test_the_schema_refuses_what_the_parser_refuses():
    from onearm.pipeline.schema import protocol_schema

    schema = protocol_schema().as_json()
    for mistake in ("misspelt key", "misspelt code", "period without unit", "missing section"):
        data = parse_yaml(changed(MISTAKES[mistake][0]), "x").data
        assert schema_problems(schema, data, schema) != [], mistake
    assert schema_problems(schema, parse_yaml(SMALL, "x").data, schema) == []


MARKERS = [  # a biomarker, and how what is wrong with it begins
    ("{id: m, label: M, kind: binary, cut: 10}", "m has a cut; only a continuous marker may"),
    ("{id: m, label: M, kind: binary, positive: [HIGH], negative: [low, high]}",
     "high of m is both positive and negative"),
    ("{id: m, label: M, kind: binary, endpoints: [pfs, ors]}",
     "a marker is set against one of orr, dcr, cbr, ttr, dor, pfs, os, idor, ipfs; got 'ors'"),
    ("{id: m, label: M, kind: ordinal}", "kind"),
    ("{id: m, label: M, kind: continuous, cut: many}", "cut"),
    ("{id: m, label: M}, {id: m, label: N}", "'m' stands twice under biomarkers"),
]  # fmt: skip


@pytest.mark.parametrize(("marker", "said"), MARKERS)
def test_a_mistake_in_a_biomarker_is_named(marker, said):
    (found,) = findings(SMALL + f"\nbiomarkers: [{marker}]\n")

    assert found.startswith("protocol.yaml:34:")
    assert said in found
