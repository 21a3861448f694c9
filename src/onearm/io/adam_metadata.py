"""What the analysis data sets are: names, labels, types, code lists, parameters, methods.

Reads the one metadata file that is shipped with the package. The tables,
define.xml and the reader's guide are made from what this module gives. Knows
no subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from onearm.io.dataset import Kind
from onearm.io.yaml import read_yaml

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class CodeList:
    """Allowed values with their meaning; ``numbers`` where each has a number too.

    ``nci`` is the code of the list in CDISC's controlled terminology, ``terms`` those of
    its values; a list without is the sponsor's own.
    """

    name: str
    label: str
    kind: Kind
    values: Mapping[str, str]
    is_extensible: bool
    is_numbered: bool
    nci: str | None = None
    terms: Mapping[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, int]:
        """The number of each value, from 1 in the order of the list; none if not numbered."""
        return {code: n for n, code in enumerate(self.values, 1)} if self.is_numbered else {}


@dataclass(frozen=True, slots=True)
class VariableAbout:
    """One variable of a data set, as it is described."""

    name: str
    label: str
    kind: Kind
    codes: str | None
    is_required: bool
    how: str | None
    source: str | None
    origin: str

    @property
    def words(self) -> str:
        """How the value comes about, in one line; empty where it is assigned."""
        return self.how or (f"{self.source}, as recorded" if self.source else "")


@dataclass(frozen=True, slots=True)
class ParameterAbout:
    """One parameter (PARAMCD); ``is_own`` where R's admiralonco has none of this name."""

    code: str
    label: str
    category: str
    criteria: str | None
    codes: str | None
    how: str
    is_own: bool
    is_once: bool


@dataclass(frozen=True, slots=True)
class DataSetAbout:
    """One data set: class and structure of ADaM, natural key, variables, parameters."""

    name: str
    label: str
    data_class: str
    subclass: str | None
    structure: str
    keys: tuple[str, ...]
    variables: Mapping[str, VariableAbout]
    parameters: Mapping[str, ParameterAbout] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metadata:
    """Everything that is said of the analysis data sets; ``core`` is what all take from ADSL.

    ``differences`` from R's admiralonco: what, and how.
    """

    standard: str
    version: str
    code_lists: Mapping[str, CodeList]
    core: tuple[str, ...]
    data_sets: Mapping[str, DataSetAbout]
    differences: tuple[tuple[str, str], ...]
    terminology: str  # the day of the controlled terminology


@cache
def adam_metadata() -> Metadata:
    """Read the metadata of the analysis data sets.

    >>> adam_metadata().data_sets["ADTTE"].variables["CNSR"].label
    'Censor'
    """
    content: Any = read_yaml(DATA / "adam.yaml").data
    core, subjects = tuple(content["core"]), content["data_sets"]["ADSL"]["variables"]
    own = {name: _variable(name, about) for name, about in subjects.items()}
    taken = {name: _taken(own[name]) for name in core}
    return Metadata(
        content["standard"]["name"],
        content["standard"]["version"],
        {name: _code_list(name, about) for name, about in content["code_lists"].items()},
        core,
        {
            name: _data_set(name, about, {} if name == "ADSL" else taken, content["parameters"])
            for name, about in content["data_sets"].items()
        },
        tuple((one["what"], one["words"]) for one in content["differences"]),
        content["terminology"],
    )


def _code_list(name: str, about: Any) -> CodeList:
    return CodeList(
        name,
        about["label"],
        about.get("type", "text"),
        {str(code): words for code, words in about["values"].items()},
        about.get("extensible", False),
        about.get("numbered", False),
        about.get("nci"),
        about.get("terms", {}),
    )


def _data_set(
    name: str, about: Any, taken: Mapping[str, VariableAbout], parameters: Any
) -> DataSetAbout:
    own = {one: _variable(one, words) for one, words in about["variables"].items()}
    return DataSetAbout(
        name,
        about["label"],
        about["class"],
        about.get("subclass"),
        about["structure"],
        tuple(about["keys"]),
        {**taken, **own},
        {code: _parameter(code, words) for code, words in parameters.get(name, {}).items()},
    )


def _variable(name: str, about: Any) -> VariableAbout:
    how, source = about.get("how"), about.get("from")
    origin = about.get("origin") or ("Derived" if how else "Collected" if source else "Assigned")
    return VariableAbout(
        name, about["label"], about["type"], about.get("codes"), about.get("required", False),
        how, source, origin,
    )  # fmt: skip


def _taken(variable: VariableAbout) -> VariableAbout:
    return VariableAbout(
        variable.name, variable.label, variable.kind, variable.codes, variable.is_required,
        None, f"ADSL.{variable.name}", "Predecessor",
    )  # fmt: skip


def _parameter(code: str, about: Any) -> ParameterAbout:
    return ParameterAbout(
        code, about["label"], about["category"], about.get("criteria"), about.get("codes"),
        about["how"], about.get("own", False), about.get("once", False),
    )  # fmt: skip
