"""The page of CTCAE terms follows from the data files."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    loader = SourceFileLoader("make_ctcae_page", str(ROOT / "scripts" / "make_ctcae_page"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    message = "run .venv/bin/python scripts/make_ctcae_page: docs/ctcae.md is out of date"

    assert (ROOT / "docs" / "ctcae.md").read_text(encoding="utf-8") == module.page(), message
