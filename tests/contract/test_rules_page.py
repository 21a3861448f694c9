"""The page of response rules follows from the model, and leaves no option out."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from onearm.protocol.response import PROFILES, ResponseRules

ROOT = Path(__file__).parents[2]


def maker():
    loader = SourceFileLoader("make_rules_page", str(ROOT / "scripts" / "make_rules_page"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_the_page_is_up_to_date():
    page = ROOT / "docs" / "response-rules.md"
    message = "run .venv/bin/python scripts/make_rules_page: docs/response-rules.md is out of date"

    assert page.read_text(encoding="utf-8") == maker().page(), message


def test_every_option_has_a_section_and_says_what_it_changes():
    told = [name for options in maker().OPTIONS.values() for name in options]

    assert sorted(told) == sorted(ResponseRules.model_fields)


def test_every_profile_is_described_and_names_options_only():
    assert set(maker().PROFILE_NOTES) == set(PROFILES)
    assert {name for options in PROFILES.values() for name in options} <= set(
        ResponseRules.model_fields
    )
