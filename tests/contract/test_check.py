"""What `onearm check` and `onearm schema` answer, and the page that follows from the model."""

from __future__ import annotations

import json
import shutil
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from onearm.errors import InputError
from onearm.io.yaml import parse_yaml
from onearm.pipeline.check import check_study
from onearm.pipeline.design import precision
from onearm.pipeline.schema import protocol_schema
from onearm.protocol.parse import parse_protocol

ROOT = Path(__file__).parents[2]
ENTRY = ROOT / "studies" / "nct07388875"
PAPER = ROOT / "studies" / "tqb2450-ib-02"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A copy of the published trial's protocol, without data."""
    shutil.copy(PAPER / "protocol.yaml", tmp_path)
    return tmp_path


def change(study: Path, old: str, new: str) -> None:
    text = (study / "protocol.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    (study / "protocol.yaml").write_text(text.replace(old, new), encoding="utf-8")


def said(study: Path) -> list[str]:
    return [f"{f.severity}: {f.message}" for f in check_study(study).findings]


def test_a_protocol_without_errors_gives_its_assumptions_and_exit_status_0(tmp_path):
    shutil.copy(ENTRY / "protocol.yaml", tmp_path)
    answer = check_study(tmp_path)

    assert answer.exit_status == 0
    assert [(finding.severity, finding.code) for finding in answer.findings] == [
        ("note", "regimen-differs")
    ]
    assert "design.p0 = 0.15 (the entry gives no response rates" in answer.as_text()
    assert answer.as_text().endswith("0 errors, 0 warnings, 1 note, 43 assumptions")
    assert json.loads(json.dumps(answer.as_json()))["assumptions"][2]["field"] == "design.p0"


def test_a_chinese_number_under_an_american_registry_is_a_finding(study):
    # The paper prints CTR20190938 as its ClinicalTrials.gov registration.
    assert any(
        line.startswith("warning: CTR20190938 is printed under ClinicalTrials.gov")
        for line in said(study)
    )


def test_a_number_in_the_form_of_another_registry_is_a_finding(study):
    change(study, "registry: Drug Clinical Trial Registry, China (CDE)", "registry: ISRCTN")
    change(study, "      printed_as: ClinicalTrials.gov\n", "")

    assert (
        "warning: CTR20190938 has the form of the Chinese registry of drug trials; got ISRCTN"
        in said(study)
    )


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        (
            "  n: 24\n",
            "  n: 25\n",
            "error: design.n must be 24, by the other values of the design; got 25",
        ),
        (
            "  dropout: 0.20\n",
            "  dropout: 0.10\n",
            "error: design.enrolled must be 27, by the other values of the design; got 30",
        ),
        (
            "  target: 0.30\n",
            "  target: 0.1501\n",
            (
                "error: design: needs more than 20000 subjects; the target must lie further above "
                "lower_limit_above"
            ),
        ),
    ],
)
def test_a_stated_size_that_the_design_does_not_give_is_an_error(study, old, new, finding):
    change(study, old, new)

    assert finding in said(study)
    assert check_study(study).exit_status == 1


def test_a_time_to_progression_without_censoring_rules_is_a_warning(study):
    text = (study / "protocol.yaml").read_text(encoding="utf-8")
    start = text.index("      censoring:\n        value: paper")
    end = text.index("    - id: os")
    (study / "protocol.yaml").write_text(text[:start] + text[end:], encoding="utf-8")

    assert "warning: pfs names no censoring rules; allowed are paper, fda, ema" in said(study)


def test_errors_of_protocol_and_data_are_listed_together(study):
    change(study, "  target: 0.30\n", "  target: 30\n")
    (study / "data").mkdir()
    (study / "data" / "labs.csv").write_text("subject_id,date\nS01,2019-02-30\n", encoding="utf-8")
    answer = check_study(study)

    assert {f.place.file for f in answer.findings if f.place} == {"protocol.yaml", "labs.csv"}
    assert answer.exit_status == 1


def test_a_folder_that_is_no_study_gets_one_line(tmp_path):
    with pytest.raises(InputError) as error:
        check_study(tmp_path)

    assert str(error.value) == f"{tmp_path}: no study folder; it must hold a protocol.yaml"


def test_the_schema_says_which_dialect_and_format_it_is():
    schema = json.loads(protocol_schema().as_text())

    assert schema == protocol_schema().as_json()
    assert schema["title"] == "onearm protocol, format 1"
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_design_is_told_in_words():
    answer = precision(0.30, 0.15, 0.05, 0.20)

    assert "7 of 24 fails (lower limit 14.57 %), 8 needed (17.80 %)" in answer.as_text()
    assert "P = 0.435 of success" in answer.as_text()
    assert "No dropout is planned" in precision(0.30, 0.15, 0.05).as_text()
    assert "not even 35 of 35 are enough" in precision(0.99, 0.90, 0.05).as_text()


def test_the_smallest_protocol_of_the_documentation_can_be_read():
    page = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]

    assert parse_protocol(parse_yaml(example, "protocol.yaml")).study.id == "X-1"


def test_the_reference_of_the_protocol_is_up_to_date():
    name = "make_protocol_reference"
    loader = SourceFileLoader(name, str(ROOT / "scripts" / name))
    module = module_from_spec(spec_from_loader(name, loader))
    loader.exec_module(module)

    assert module.PAGE.read_text(encoding="utf-8") == module.page(), f"run scripts/{name}"
