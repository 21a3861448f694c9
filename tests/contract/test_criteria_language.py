"""The criteria language: what each form means, and where a form is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from onearm.io.yaml import parse_yaml
from onearm.pipeline.screen import study_forms
from onearm.protocol.criteria import (
    Age,
    All,
    Amount,
    Any,
    AtLeast,
    Clearance,
    Count,
    DateOrder,
    Exists,
    FactKind,
    Has,
    If,
    Judged,
    LabLimit,
    LabWord,
    May,
    Not,
    Number,
    OneOf,
    Selection,
    Window,
    Yes,
)
from onearm.protocol.criteria_grammar import CriterionError, parse_criterion
from onearm.protocol.criteria_text import form_of, tree_lines
from onearm.protocol.parse import parse_protocol

ROOT = Path(__file__).parents[2]
STUDIES = ("tqb2450-ib-02", "nct07388875", "nct07083375")

FORMS = [  # form, its tree
    ("a", Yes("a")),
    ("not a and b", All((Not(Yes("a")), Yes("b")))),
    ("a or (b and c)", Any((Yes("a"), All((Yes("b"), Yes("c")))))),
    ("(a or b) and c", All((Any((Yes("a"), Yes("b"))), Yes("c")))),
    ("if a then b else c", If(Yes("a"), Yes("b"), Yes("c"))),
    ("may(a)", May(Yes("a"))),
    ("judged(fit)", Judged("fit")),
    ("ecog in {0, 1}", OneOf("ecog", ("0", "1"))),
    ("sex is F", OneOf("sex", ("F",))),
    ("histology is 'Clear cell sarcoma'", OneOf("histology", ("Clear cell sarcoma",))),
    ("classes has platinum", Has("classes", "platinum")),
    ("nyha >= 2", Number("nyha", ">=", Decimal(2))),
    ("diameter > 1.5 cm", Amount("diameter", ">", Decimal("1.5"), "cm")),
    ("lab(ANC) >= 1.5 10^9/L", LabLimit("ANC", ">=", Decimal("1.5"), "10^9/L")),
    ("lab(AST) <= 2.5 ULN", LabLimit("AST", "<=", Decimal("2.5"), "ULN")),
    ("lab(HIVAB) in {positive, negative}", LabWord("HIVAB", ("positive", "negative"))),
    ("age at consent >= 18 years", Age("consent", ">=", 18)),
    ("crcl > 50 mL/min", Clearance(">", Decimal(50))),
    ("date(a) <= date(b)", DateOrder("a", "<=", "b")),
    ("date(a) at least 4 weeks before b", AtLeast("a", Window(4, "week", "before", "b"))),
    ("any(lines)", Exists(Selection("lines"))),
    (
        "any(lines where done within 1 month after lab(HGB))",
        Exists(Selection("lines", Yes("done"), Window(1, "month", "after", "HGB", True))),
    ),
    ("count(lines where done) = 1", Count(Selection("lines", Yes("done")), "=", 1)),
]


@pytest.mark.parametrize(("form", "tree"), FORMS, ids=[form for form, _ in FORMS])
def test_a_form_means_its_tree_and_the_tree_is_written_as_the_form(form, tree):
    assert parse_criterion(form) == tree
    assert form_of(tree) == form


def test_and_binds_closer_than_or():
    assert parse_criterion("a or b and c") == parse_criterion("a or (b and c)")


def test_blanks_and_needless_brackets_do_not_count():
    assert parse_criterion(" ((a))\n and\tb ") == parse_criterion("a and b")


WRONG = [  # form, character from 0, what is said
    ("", 0, "expected a condition; got the end"),
    ("a and", 5, "expected a condition; got the end"),
    ("a or or b", 5, "expected a condition; got 'or'"),
    ("(a", 2, "expected ); got the end"),
    ("a andd b", 2, "got 'andd'; did you mean 'and'?"),
    ("ecog inn {0}", 5, "got 'inn'; did you mean 'in'?"),
    ("ecog in {}", 9, "got '}'"),
    ("lab(ANC) >= 1.5", 15, "expected a unit; got the end"),
    ("lab(ANC) >= ULN", 12, "expected a number; got 'ULN'"),
    ("weight >= 3 stone", 12, "a unit must be one of kg, g, lb"),
    ("bili <= 1.5 ULN", 12, "did you mean lab(...)?"),
    ("age at consent >= 18 weeks", 21, "expected years; got 'weeks'"),
    ("age at consent >= 18.5 years", 18, "expected a whole number; got '18.5'"),
    ("crcl >= 50 ml/min", 11, "expected mL/min; got 'ml/min'"),
    ("any(x within 2 fortnights before y)", 15, "expected days, weeks or months"),
    ("any(x where lab(ANC) > 3 ULN)", 12, "'where' looks at attributes of the event"),
    ("any(x where judged(y))", 12, "holds no judged"),
    ("a $ b", 2, "got '$'"),
    ("(" * 60 + "a" + ")" * 60, 50, "nested 50 deep at most"),
    ("a or " * 900 + "a", 4000, "at most 4000 characters"),
]


@pytest.mark.parametrize(("form", "at", "message"), WRONG, ids=[form[:40] for form, _, _ in WRONG])
def test_a_wrong_form_says_where_and_what_is_allowed(form, at, message):
    with pytest.raises(CriterionError) as caught:
        parse_criterion(form)

    assert (caught.value.at, message in str(caught.value)) == (at, True), str(caught.value)


def findings_of(text: str) -> list[str]:
    document = parse_yaml(text, "protocol.yaml")
    return [str(finding) for finding in study_forms(parse_protocol(document), document)[1]]


def with_form(*lines: str) -> str:
    """Return a protocol whose criterion I06 has another form, from the line of its key on."""
    text = (ROOT / "studies" / "nct07388875" / "protocol.yaml").read_text(encoding="utf-8")
    assert text.count("      form: ecog in {0, 1}\n") == 1
    return text.replace(
        "      form: ecog in {0, 1}\n", "".join(f"      {line}\n" for line in lines)
    )


def line_of(text: str, wanted: str) -> int:
    return text[: text.index(wanted)].count("\n") + 1


PLACES = [  # how the form is written, what stands at the mistake, its column in that line
    (["form: ecog inn {0, 1}"], "ecog inn", 18),
    (["form: 'ecog inn {0, 1}'"], "ecog inn", 19),
    (["form: >-", "  ecog in {0, 1}", "  andd sex is F"], "andd sex", 9),
    (["form: |", "  ecog in {0, 1}", "  andd sex is F"], "andd sex", 9),
    (["form: ecog in {0, 1} and", "  sex iss F"], "sex iss", 13),
    (["form:", "  value: ecog inn {0, 1}", "  assumed: not stated"], "ecog inn", 21),
    (["form: {value: 'ecog inn {0}', assumed: not stated}"], "ecog inn", 27),
    (["form: ecog in {0, 1} and"], "ecog in {0, 1} and\n", 31),
]


@pytest.mark.parametrize(("lines", "near", "column"), PLACES)
def test_a_mistake_is_found_in_the_file_however_the_form_is_written(lines, near, column):
    text = with_form(*lines)
    start = f"protocol.yaml:{line_of(text, near)}:{column}: eligibility.inclusion[I06].form: "

    found = findings_of(text)

    assert len(found) == 1
    assert found[0].startswith(start), found


MEANING = [  # form of I06, what is said
    ("ecog", "ecog is used as one of some words; in I06 it is yes or no"),
    ("ecog in {0, 7}", "'7' is no value of ecog; its values are 0, 1, 2, 3, 4, 5"),
    ("ecgo in {0, 1}", "ecgo needs its values under eligibility.facts"),
    ("lab(ANCC) >= 1 10^9/L", "'ANCC' is no known laboratory test"),
    ("lab(HGB) >= 90 mmol", "unit of Haemoglobin must be one of g/L, g/dL, mmol/L; got 'mmol'"),
    ("lab(HIVAB) is yes", "HIV antibody is negative, positive; got 'yes'"),
    ("any(lesions where value)", "'value' is a column of the facts"),
]


@pytest.mark.parametrize(("form", "message"), MEANING)
def test_a_form_that_can_be_read_but_not_meant_is_a_finding(form, message):
    both = form if form.startswith("ecog ") else f"{form} and ecog in {{0, 1}}"

    found = findings_of(with_form(f"form: {both}"))

    assert any(message in text for text in found), found


def test_a_declared_fact_that_no_form_looks_at_is_a_finding():
    text = with_form("form: judged(fit)")

    assert any("no form looks at 'ecog'" in found for found in findings_of(text))


def forms_of(study: str):
    path = ROOT / "studies" / study / "protocol.yaml"
    document = parse_yaml(path.read_text(encoding="utf-8"), path.name)
    protocol = parse_protocol(document)
    forms, findings = study_forms(protocol, document)
    assert findings == []
    return protocol, forms


def test_every_criterion_of_the_three_trials_has_a_form_and_few_are_mere_judgement():
    trees = [
        (c, forms.trees[c.id]) for p, forms in map(forms_of, STUDIES) for c in p.eligibility.all
    ]

    assert len(trees) == 93
    assert all(criterion.form for criterion, _ in trees)
    judged = [criterion.id for criterion, tree in trees if isinstance(tree, Judged)]
    assert 4 * len(judged) <= len(trees)


@pytest.mark.parametrize("study", STUDIES)
def test_every_form_of_a_trial_reads_back_and_can_be_drawn(study):
    for tree in forms_of(study)[1].trees.values():
        assert parse_criterion(form_of(tree)) == tree
        assert tree_lines(tree)


def test_the_tree_shows_what_is_asked_of_an_event_line_by_line():
    tree = parse_criterion("not any(lines where done and not late within 2 weeks before start)")

    assert tree_lines(tree) == [
        "not",
        "  any(lines within 2 weeks before start)",
        "    where",
        "      all of",
        "        done",
        "        not",
        "          late",
    ]


def test_what_the_sources_leave_open_is_listed():
    assumed = {
        study: [a.field for a in forms_of(study)[0].assumptions if a.field.endswith(".form")]
        for study in STUDIES
    }

    assert {study: len(fields) for study, fields in assumed.items()} == {
        "tqb2450-ib-02": 4,
        "nct07388875": 9,
        "nct07083375": 14,
    }
    assert "eligibility.exclusion[E11].form" in assumed["nct07083375"]  # randomization
    assert "eligibility.inclusion[I01].form" in assumed["tqb2450-ib-02"]  # the day of the age


def test_a_criterion_without_a_form_is_for_an_investigator_and_a_permissive_one_never_fails():
    text = with_form("is_permissive: true")
    document = parse_yaml(text, "protocol.yaml")
    forms, _ = study_forms(parse_protocol(document), document)

    assert forms.trees["I06"] == May(Judged("i06"))
    assert forms.facts["i06"].kind is FactKind.JUDGEMENT
