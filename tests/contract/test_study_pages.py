"""The pages of the shipped trials are those that their protocol files give, nothing left out."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from onearm.io.yaml import read_yaml
from onearm.protocol.parse import parse_protocol

ROOT = Path(__file__).parents[2]
PAGES: dict[Path, str] = runpy.run_path(str(ROOT / "scripts" / "make_study_pages"))["pages"]()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_names_every_criterion_drug_endpoint_and_assumption(path: Path) -> None:
    protocol = parse_protocol(read_yaml(ROOT / "studies" / path.stem / "protocol.yaml"))
    plan = protocol.eligibility

    for criterion in (*plan.inclusion, *plan.exclusion):
        assert f"| {criterion.id} | {' '.join(criterion.text.split())} |" in PAGES[path]
    for drug in protocol.treatment.drugs:
        assert f"| {drug.label or drug.name} | {drug.amount} |" in PAGES[path]
    for endpoint in protocol.endpoints.all:
        assert f"| {endpoint.id} | {endpoint.name} |" in PAGES[path]
    for assumption in protocol.assumptions:
        assert f"| `{assumption.field}` |" in PAGES[path]
