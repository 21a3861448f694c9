"""What the documentation shows is what happens.

A fenced ``console`` block is run: each line ``$ onearm ...`` from the top of the
repository, in this process; output lines below it are compared, where ``...``
stands for anything. A fenced ``python`` block with ``>>>`` is a doctest.
"""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from onearm.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)")
FLAGS = doctest.ELLIPSIS


class Example(NamedTuple):
    """One command of a page, and the output shown below it."""

    place: str
    command: str
    shown: str


def blocks(page: Path, language: str) -> list[tuple[int, str]]:
    """Return first line number and text of each fenced block in a language."""
    text = page.read_text(encoding="utf-8")
    return [
        (text.count("\n", 0, found.start(2)) + 1, found[2])
        for found in FENCE.finditer(text)
        if found[1] == language
    ]


def examples(page: Path) -> list[Example]:
    found: list[Example] = []
    for first, text in blocks(page, "console"):
        for number, line in enumerate(text.splitlines(keepends=True), first):
            if line.startswith("$ "):
                found.append(Example(f"{page.relative_to(ROOT)}:{number}", line[2:].strip(), ""))
            else:
                found[-1] = found[-1]._replace(shown=found[-1].shown + line)
    return found


def problem(example: Example) -> str:
    """Run an example; return how it differs from what the page shows, or ""."""
    program, *arguments = shlex.split(example.command)
    if program != "onearm":
        return f"{example.place}: only onearm is run here; got {program}"
    run = CliRunner().invoke(app, arguments, prog_name="onearm", env={"COLUMNS": "80"})
    if run.exception and not isinstance(run.exception, SystemExit):
        return f"{example.place}: {run.exception!r}"
    output = "".join(line.rstrip() + "\n" for line in run.output.splitlines())
    if example.shown:
        same = doctest.OutputChecker().check_output(example.shown, output, FLAGS)
        return "" if same else f"{example.place} shows\n{example.shown}\nbut prints\n{output}"
    return f"{example.place}: exit status {run.exit_code}\n{output}" if run.exit_code else ""


@pytest.mark.parametrize(
    "page", [page for page in PAGES if examples(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_commands_of_a_page_do_what_it_shows(
    page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, because a command may read what an earlier one of the page wrote."""
    monkeypatch.chdir(ROOT)

    assert [found for one in examples(page) if (found := problem(one))] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.name
)
def test_python_does_what_the_page_shows(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    text = "\n".join(block for _, block in blocks(page, "python"))
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    report: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)

    assert report == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def commands() -> list[str]:
    found = []
    for name, command in typer.main.get_command(app).commands.items():
        found += [f"{name} {inner}" for inner in getattr(command, "commands", {})] or [name]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_has_a_page_that_shows_its_help(command: str) -> None:
    """The page is docs/commands/NAME.md; its help is held fresh by the first test."""
    page = ROOT / "docs" / "commands" / f"{command.replace(' ', '-')}.md"

    assert page.exists(), f"{page.relative_to(ROOT)} is missing"
    shown = [example.command for example in examples(page) if example.shown]
    assert f"onearm {command} --help" in shown


def test_a_page_that_shows_the_wrong_output_is_seen(tmp_path: Path) -> None:
    assert "but prints" in problem(Example("page:1", "onearm --version", "onearm 99\n"))
    assert "exit status 2" in problem(Example("page:1", "onearm best", ""))
    assert "only onearm" in problem(Example("page:1", "rm -r out", ""))
    assert problem(Example("page:1", "onearm --help", "Usage: ...\nCommands:\n...\n")) == ""
