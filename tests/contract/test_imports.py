"""Which part of onearm may know which: the recitable rules of the architecture.

Read from the source with ``ast``; an import inside a function counts as well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "onearm"

WORDS = ("errors", "terms", "format")
PLANS_AND_RECORDS = ("protocol.model", "clinical.records", "clinical.derived", "results.model")
MAY_IMPORT = {  # part of onearm: what it may import of onearm, itself aside
    "errors": (),
    "terms": ("errors",),
    "format": ("errors", "terms"),
    "__init__": ("stats", "design", "pipeline"),
    "stats": WORDS,
    "design": (*WORDS, "stats"),
    "protocol": WORDS,
    "clinical": (*WORDS, "protocol"),
    "results": (*WORDS, "stats", "design", "protocol", "clinical"),
    "report": (*WORDS, *PLANS_AND_RECORDS),
    "io": (*WORDS, "protocol", "clinical.records", "clinical.derived", "results.model"),
    "sim": (*WORDS, "stats", "design", "protocol", "clinical", "results"),
    "pipeline": (
        *(*WORDS, "stats", "design", "protocol", "clinical", "results"),
        *("report", "io", "sim", "__version__"),
    ),
    "commands": ("pipeline", "errors"),
    "cli": ("commands", "__version__"),
}
CORE = {"protocol", "design", "stats", "clinical", "results"}
OPENS_FILES = {"io", "pipeline", "sim"}
VAGUE = {"utils", "util", "helpers", "common", "base", "core", "services"}
OUTSIDE = {  # part: foreign modules that it may not import
    **{part: {"matplotlib", "os", "pathlib", "random", "sys", "time"} for part in CORE},
    "report": {"scipy"},  # a report cannot recompute
}
OPENING = {"open", "read_text", "read_bytes", "write_text", "write_bytes"}
CLOCKS = {"now", "today", "utcnow"}
DRAWS = {"default_rng", "seed", "RandomState"}
ROUNDS = {"round", "around", "quantize"}
FLOAT_FORMAT = re.compile(r"[.]\d+[efg%]?$|[efg%]$", re.IGNORECASE)


def imported(node: ast.AST) -> list[str]:
    """Return the full dotted names that an import statement binds."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module or ''}.{name.name}" for name in node.names]
    return []


def within(name: str, allowed: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in allowed)


def import_problems(part: str, node: ast.AST) -> Iterator[str]:
    for name in imported(node):
        package, _, inside = name.partition(".")
        if package == "onearm":
            if not within(inside, (*MAY_IMPORT[part], *([part] if part != "__init__" else []))):
                yield f"{part} may not import {name}"
        elif not package:
            yield f"relative import of {name}"
        elif package in OUTSIDE.get(part, ()):
            yield f"{part} may not import {name}"


def call_problems(part: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FormattedValue) and part != "format":
        spec = ast.unparse(node.format_spec)[2:-1] if node.format_spec else ""
        if FLOAT_FORMAT.search(spec):
            yield f"only format.py rounds: {ast.unparse(node)}"
    if not isinstance(node, ast.Call):
        return
    called = ast.unparse(node.func).rpartition(".")[2]
    if called in OPENING and part not in OPENS_FILES:
        yield f"{part} may not touch a file: {called}"
    if called == "print":
        yield "an answer is returned, not printed"
    if part in CORE and called in CLOCKS:
        yield f"{part} may not read the clock: {called}"
    if part in CORE and called in DRAWS:
        yield f"{part} may not make its own random draws: {called}"
    if called in ROUNDS and part != "format":
        yield f"only format.py rounds: {called}"


def top_level(tree: ast.Module) -> set[ast.AST]:
    """Return the nodes that run when the module is imported."""
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
    }
    return set(ast.walk(tree)) - inside


def problems(path: Path, text: str) -> list[str]:
    """Return every broken rule of one module, given its path below src/onearm."""
    found = []
    if len(path.parts) > 2:
        found.append("deeper than two levels")
    if path.stem in VAGUE or path.parts[0] in VAGUE:
        found.append("named after no noun of the domain")
    if path.name == "__init__.py" and len(path.parts) > 1:
        return found + (["an inner __init__ is empty"] if text.strip() else [])
    part = path.parts[0].removesuffix(".py")
    if part not in MAY_IMPORT:
        return [*found, f"{part} is no part of the architecture"]
    tree = ast.parse(text)
    for node in ast.walk(tree):
        found += import_problems(part, node)
        found += call_problems(part, node)
    if part in ("cli", "commands"):
        names = [name for node in top_level(tree) for name in imported(node)]
        found += [f"only inside a command: {n}" for n in names if n.startswith("onearm.pipeline")]
    return found


@pytest.mark.parametrize(
    "path", [p.relative_to(SRC) for p in sorted(SRC.rglob("*.py"))], ids=lambda path: str(path)
)
def test_module_keeps_the_rules(path: Path) -> None:
    assert problems(path, (SRC / path).read_text(encoding="utf-8")) == []


BROKEN = [  # path, source, what the rules say of it
    ("report/tables.py", "def f():\n import onearm.stats.survival", "report may not import"),
    ("report/tables.py", "from onearm.clinical.best import best", "report may not import"),
    ("report/tables.py", "from onearm import clinical", "report may not import"),
    ("report/tables.py", "import scipy.special", "report may not import"),
    ("stats/survival.py", "from onearm.clinical.records import Dose", "stats may not import"),
    ("clinical/best.py", "from onearm.stats import survival", "clinical may not import"),
    ("clinical/best.py", "from . import records", "relative import"),
    ("errors.py", "from onearm.terms import Response", "errors may not import"),
    ("results/run.py", "def f(p):\n return p.read_text()", "may not touch a file"),
    ("clinical/labs.py", "x = open('ctcae.csv')", "may not touch a file"),
    ("clinical/labs.py", "x = date.today()", "may not read the clock"),
    ("design/operating.py", "rng = np.random.default_rng(1)", "random draws"),
    ("design/operating.py", "import random", "design may not import random"),
    ("stats/counts.py", "print(1)", "not printed"),
    ("report/tables.py", "x = round(y, 2)", "only format.py rounds"),
    ("report/tables.py", "x = f'{y:.1f} %'", "only format.py rounds"),
    ("report/tables.py", "x = f'{y:{w}.1%}'", "only format.py rounds"),
    ("commands/study.py", "from onearm.pipeline.run import run_study", "only inside a command"),
    ("commands/study.py", "def f():\n import onearm.stats.proportion", "commands may not import"),
    ("cli.py", "def f():\n from onearm.pipeline.run import run_study", "cli may not import"),
    ("clinical/recist/target.py", "", "deeper than two levels"),
    ("stats/utils.py", "", "named after no noun"),
    ("stats/__init__.py", "from onearm.stats.survival import quantile", "is empty"),
    ("engine.py", "", "no part of the architecture"),
]


@pytest.mark.parametrize(("path", "text", "complaint"), BROKEN)
def test_a_broken_rule_is_seen(path: str, text: str, complaint: str) -> None:
    assert complaint in "; ".join(problems(Path(path), text))


def test_a_module_that_keeps_the_rules_has_no_problem() -> None:
    text = (
        "from onearm.errors import nearest\n"
        "def f(a, rng):\n from onearm.results.model import Row\n return f'{a:>8} {a:04d}'"
    )
    assert problems(Path("report/tables.py"), text) == []
