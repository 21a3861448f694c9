"""Each table has a page that follows from its declaration, with an example that can be read."""

from __future__ import annotations

import re
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from onearm.clinical.records import TABLES, columns
from onearm.io.csv import read_table

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "tables"


def maker():
    loader = SourceFileLoader("make_table_pages", str(ROOT / "scripts" / "make_table_pages"))
    spec = spec_from_loader(loader.name, loader)
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


PAGES = maker().pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name):
    message = f"run .venv/bin/python scripts/make_table_pages: docs/tables/{name} is not up to date"
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], message


def test_there_is_no_page_of_a_table_that_is_gone():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(PAGES)


@pytest.mark.parametrize("record", TABLES, ids=lambda record: record.TABLE)
def test_the_example_can_be_read(tmp_path, record):
    [example] = re.findall(r"```csv\n(.*?)```", PAGES[f"{record.TABLE}.md"], re.DOTALL)
    path = tmp_path / f"{record.TABLE}.csv"
    path.write_text(example, encoding="utf-8")

    table = read_table(path, record, characteristics=("ecog", "histology"))

    assert [str(f) for f in table.findings if f.code != "missing-characteristic"] == []
    assert table.records


@pytest.mark.parametrize("record", TABLES, ids=lambda record: record.TABLE)
def test_every_column_says_what_it_holds(record):
    declared = columns(record)

    assert all(column.meaning for column in declared)
    assert all(column.codes for column in declared if column.kind == "code")
    assert {column.unit for column in declared if column.kind == "length"} <= {"mm"}
    assert set(record.KEY) <= {column.name for column in declared}
    assert next(column for column in declared if column.name == "subject_id").is_required
