"""The command line: help, exit status, one line for what is wrong, and what start-up loads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from onearm import __version__
from onearm.cli import app, main
from onearm.errors import Finding, InputError, Place, ResultError

HEAVY = {"numpy", "scipy", "pydantic", "polars", "matplotlib", "ruamel", "jinja2", "lark", "rich"}

COMMANDS = [
    "run",
    "check",
    "schema",
    "respond",
    "best",
    "trace",
    "monitor",
    "figure",
    "table",
    "compare",
    "export",
    "validate",
    "screen",
    "dose",
    "grade",
    "simulate",
    "design study",
    "design precision",
    "design exact",
    "design simon",
    "design fleming",
    "design three-stage",
    "design curtailed",
    "design sargent",
    "design find",
    "design verify",
    "infer two-stage",
    "intake redcap",
    "intake registry",
]


def onearm(*arguments: str):
    return CliRunner().invoke(app, list(arguments), prog_name="onearm", env={"COLUMNS": "80"})


def answer(text: str = "in words", value: object = None, exit_status: int = 0) -> SimpleNamespace:
    return SimpleNamespace(as_text=lambda: text, as_json=lambda: value, exit_status=exit_status)


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a function in the place of one of ``onearm.pipeline``."""

    def place(module: str, name: str, function: Callable[..., object]) -> None:
        fake = ModuleType(f"onearm.pipeline.{module}")
        setattr(fake, name, function)
        monkeypatch.setitem(sys.modules, fake.__name__, fake)

    return place


def raising(error: BaseException) -> Callable[..., object]:
    def function(*_: object, **__: object) -> object:
        raise error

    return function


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_the_command_does_in_one_line_and_shows_an_example(command: str) -> None:
    shown = onearm(*command.split(), "--help")

    assert shown.exit_code == 0
    purpose = shown.stdout.split("\n\n")[1]
    assert len(purpose.strip().splitlines()) == 1
    assert f"Example: onearm {command}" in shown.stdout


def test_the_list_of_commands_is_complete_and_no_purpose_is_cut_off() -> None:
    shown = onearm("--help").stdout
    listed = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()]

    assert listed == list(dict.fromkeys(command.split()[0] for command in COMMANDS))
    assert "..." not in shown.partition("Commands:\n")[2]


@pytest.mark.parametrize("start", ["import onearm", "from onearm.cli import main; main()"])
def test_start_up_loads_nothing_heavy(start: str) -> None:
    code = (
        f"import sys; sys.argv = ['onearm', '--help']\ntry:\n {start}\nexcept SystemExit: pass\n"
        "print('\\n' + ' '.join(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.split(".")[0] for name in run.stdout.splitlines()[-1].split()}
    assert not loaded & HEAVY


def test_version() -> None:
    assert onearm("--version").stdout == f"onearm {__version__}\n"


def test_wrong_usage_exits_with_2() -> None:
    shown = onearm("best")

    assert shown.exit_code == 2
    assert "Missing argument 'TIMEPOINTS'" in shown.stderr


def test_an_answer_is_printed_as_text(verb) -> None:
    verb(
        "best",
        "best_response",
        lambda path, *, rules, subjects: answer(f"{path} {rules} {subjects}"),
    )

    assert onearm("best", "t.csv", "--rules", "r.yaml").stdout == "t.csv r.yaml None\n"


def test_a_list_is_printed_as_json_one_record_a_line(verb) -> None:
    records = [{"subject_id": "S01", "best": None}, {"subject_id": "Müller", "best": "PR"}]
    verb("best", "best_response", lambda *_, **__: answer(value=records))

    shown = onearm("best", "t.csv", "--json").stdout

    assert json.loads(shown) == records
    assert len(shown.splitlines()) == 4
    assert "Müller" in shown


@pytest.mark.parametrize("value", [[], {}, {"n": 24, "lower": 0.152028}, "text", None])
def test_any_json_value_survives_printing(verb, value: object) -> None:
    verb("best", "best_response", lambda *_, **__: answer(value=value))

    assert json.loads(onearm("best", "t.csv", "--json").stdout) == value


@pytest.mark.parametrize(
    ("arguments", "module", "function"),
    [
        (["check", "s"], "check", "check_study"),
        (["compare", "s"], "compare", "compare"),
    ],
)
@pytest.mark.parametrize("status", [0, 1])
def test_a_list_with_errors_is_printed_and_exits_with_1(
    verb, arguments: list[str], module: str, function: str, status: int
) -> None:
    verb(module, function, lambda *_: answer("the list", exit_status=status))

    shown = onearm(*arguments)

    assert (shown.exit_code, shown.stdout, shown.stderr) == (status, "the list\n", "")


@pytest.mark.parametrize(
    ("arguments", "module", "function", "named"),
    [
        (("design", "study", "s"), "design_study", "design_study", "design.lower_limit_above"),
        (("design", "historical", "t.csv"), "monitoring_design", "historical", "--vague-weight"),
    ],
)
def test_a_key_of_the_protocol_keeps_its_name_and_an_option_gets_its_own(
    verb, arguments: tuple[str, ...], module: str, function: str, named: str
) -> None:
    written = named.removeprefix("--").replace("-", "_")
    verb(module, function, raising(ResultError(f"{written} must be a proportion")))

    assert onearm(*arguments).stderr == f"{named} must be a proportion\n"


def test_every_argument_of_a_command_reaches_its_verb(verb) -> None:
    seen: dict[str, object] = {}

    def keep(*args: object, **kwargs: object) -> SimpleNamespace:
        seen.update(kwargs, args=[str(a) for a in args if not callable(a)])
        return answer()

    verb("run", "run_study", keep)
    onearm("run", "s", "--out", "o", "--formats", "html,pdf")
    assert seen["args"] == ["s", "o", "['html', 'pdf']"]

    verb("trace", "trace", keep)
    onearm("trace", "s", "orr/all/lower", "--subject", "S01", "--rows")
    assert (seen["args"], seen["subject"], seen["rows"]) == (["s", "orr/all/lower"], "S01", True)

    verb("design", "precision", keep)
    onearm("design", "precision", "--target", "0.3", "--lower-limit-above", "0.15")
    assert seen["args"] == ["0.3", "0.15", "0.05", "0.0"]

    verb("respond", "respond", keep)
    onearm("respond", "l.csv", "--subjects", "s.csv", "--subject", "S01")
    assert (str(seen["subjects"]), seen["rules"], seen["subject"]) == ("s.csv", None, "S01")


FAILURES = [  # what a verb raises, what stands on standard error, exit status
    (ResultError("no result 'orr/al/lower'"), "no result 'orr/al/lower'\n", 1),
    (
        InputError(
            [
                Finding("error", "number", "got '3o'", Place("lesions.csv", 6), "S02"),
                Finding("error", "date", "got '2019-02-30'", Place("lesions.csv", 9)),
            ]
        ),
        "lesions.csv:6: got '3o' for subject S02\nlesions.csv:9: got '2019-02-30'\n",
        1,
    ),
    (PermissionError(13, "Permission denied", "/out"), "/out: Permission denied\n", 1),
    (OSError(28, "No space left on device"), "No space left on device\n", 1),
    (KeyboardInterrupt(), "interrupted\n", 130),
    (BrokenPipeError(32, "Broken pipe"), "", 1),
]


@pytest.mark.parametrize(("error", "said", "status"), FAILURES, ids=lambda value: repr(value)[:40])
def test_a_failure_is_its_own_words_and_no_traceback(
    verb, error: BaseException, said: str, status: int
) -> None:
    verb("best", "best_response", raising(error))

    shown = onearm("best", "t.csv")

    assert (shown.exit_code, shown.stderr, shown.stdout) == (status, said, "")


def test_a_bug_is_not_dressed_up_as_bad_input(verb) -> None:
    verb("best", "best_response", raising(ZeroDivisionError()))

    assert isinstance(onearm("best", "t.csv").exception, ZeroDivisionError)


def test_nothing_but_the_answer_is_printed_where_no_terminal_is(verb) -> None:
    def run_study(study, out, formats, progress, **options) -> SimpleNamespace:
        progress("deriving responses")
        return answer("ORR 36.67 %")

    verb("run", "run_study", run_study)
    shown = onearm("run", "s", "--out", "o")

    assert (shown.stdout, shown.stderr) == ("ORR 36.67 %\n", "")


def test_main_is_the_app(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["onearm", "--version"])

    with pytest.raises(SystemExit) as ending:
        main()

    assert not ending.value.code
    assert capsys.readouterr().out.startswith("onearm ")


def test_every_command_has_a_docstring_that_names_it() -> None:
    group = typer.main.get_command(app)

    assert all(command.help for command in group.commands.values())
