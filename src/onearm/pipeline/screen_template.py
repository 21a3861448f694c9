"""What ``onearm screen`` needs to know of a person: an empty file of facts, a criterion explained.

Takes a study folder, gives a template to fill in, or one criterion as its tree
with the facts that it needs and what is assumed of it. Looks at no person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onearm.clinical.units import find_analyte
from onearm.errors import InputError, nearest
from onearm.io.csv import table_text
from onearm.pipeline.screen import ReadStudy, read_study
from onearm.protocol.criteria import AMOUNT_UNITS, FactKind
from onearm.protocol.criteria_text import tree_lines
from onearm.protocol.eligibility import Criterion
from onearm.protocol.forms import COLUMNS, Fact, canonical, explained
from onearm.protocol.model import Assumption

NOT_ASKED = ("confirmed", "type", "hint", "data_origin")
"""Columns of facts that an empty file does not ask for; type and hint stand at its end."""


@dataclass(frozen=True, slots=True)
class Template:
    """An empty file of facts: what is needed, of which type, in which unit."""

    study: ReadStudy

    def as_text(self) -> str:
        """Return the template as CSV; columns are those that the study uses."""
        header, rows = self._rows()
        return table_text(header, rows)

    def as_json(self) -> dict[str, object]:
        """Return the template as a file of one person."""
        header, rows = self._rows()
        return {
            "study": self.study.protocol.study.id,
            "subject_id": "",
            "facts": [
                {
                    name: cell
                    for name, cell in zip(header, row, strict=True)
                    if name != "subject_id" and (cell or name in _asked(str(row[1]), self.study))
                }
                for row in rows
            ],
        }

    def _rows(self) -> tuple[list[str], list[list[str]]]:
        forms = self.study.forms
        facts = [fact for fact in forms.facts.values() if "." not in fact.name]
        attributes = {name for fact in facts for name in forms.attributes(fact.name)}
        columns = [name for name in COLUMNS if name not in NOT_ASKED]
        header = [*columns, *sorted(attributes), "type", "hint"]
        rows = []
        for fact in facts:
            cells = {
                "fact": fact.name,
                "unit": _usual_unit(fact),
                "type": str(fact.kind),
                "hint": _hint(fact, self.study),
            }
            rows.append([cells.get(name, "") for name in header])
        return header, rows


@dataclass(frozen=True, slots=True)
class Explanation:
    """One criterion: its text, its form as a tree, what it needs, what is assumed of it."""

    study: ReadStudy
    criterion: Criterion
    assumptions: tuple[Assumption, ...]

    def as_text(self) -> str:
        """Return text, form, tree, facts and assumptions."""
        item, forms = self.criterion, self.study.forms
        kind = "Inclusion" if item.id.startswith("I") else "Exclusion (met when absent)"
        lines = [f"{item.id}  {item.text}", f"{kind}; {item.source}", ""]
        lines += [f"Form: {canonical(forms, item.id)}", "", "Tree:"]
        lines += tree_lines(forms.trees[item.id], "  ")
        lines += ["", "Facts:"]
        lines += [f"  {_fact_line(fact, self.study)}" for fact in explained(forms, item.id)]
        if self.assumptions:
            lines += ["", "Assumed, because the source does not say:"]
            lines += [f"  {assumed.value} ({assumed.reason})" for assumed in self.assumptions]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return the same as keys with values."""
        item, forms = self.criterion, self.study.forms
        return {
            "id": item.id,
            "text": item.text,
            "source": item.source,
            "form": canonical(forms, item.id),
            "tree": tree_lines(forms.trees[item.id]),
            "facts": [
                {
                    "fact": fact.name,
                    "type": str(fact.kind),
                    "unit": _usual_unit(fact) or None,
                    "values": list(fact.words),
                    "label": fact.label or None,
                }
                for fact in explained(forms, item.id)
            ],
            "assumed": [
                {"value": assumed.value, "reason": assumed.reason} for assumed in self.assumptions
            ],
        }


def facts_template(study: Path) -> Template:
    """Return an empty file of facts for a study."""
    return Template(read_study(study))


def explain_criterion(study: Path, criterion: str) -> Explanation:
    """Explain one criterion of a study, by its id."""
    read = read_study(study)
    items = {item.id: item for item in read.protocol.eligibility.all}
    found = items.get(criterion) or items.get(criterion[:1].upper() + criterion[1:].lower())
    if found is None:
        hint = nearest(criterion, items) or f"; its ids are {', '.join(items)}"
        raise InputError(f"{criterion!r} is no criterion of {read.protocol.study.id}{hint}")
    about = tuple(a for a in read.protocol.assumptions if f"[{found.id}]." in a.field)
    return Explanation(read, found, about)


def _usual_unit(fact: Fact) -> str:
    if fact.kind is FactKind.AMOUNT:
        return fact.unit
    analyte = find_analyte(fact.name) if fact.kind is FactKind.LAB else None
    if analyte is None:
        return ""
    return fact.unit if fact.unit not in {"", "ULN", "LLN"} else analyte.unit


def _hint(fact: Fact, study: ReadStudy) -> str:
    """Return what a fact means and how it is given."""
    parts = [fact.label or _criteria_text(fact, study)]
    match fact.kind:
        case FactKind.YES_NO:
            parts.append("Y or N")
        case FactKind.WORD | FactKind.WORDS:
            parts.append("one of " + ", ".join(fact.words))
        case FactKind.DATE:
            parts.append("in the column date")
        case FactKind.LAB:
            analyte = find_analyte(fact.name)
            words = ", ".join(analyte.words).lower() if analyte and analyte.words else ""
            parts.append(f"{words or 'with unit'}, date" + ("" if words else ", lln and uln"))
        case FactKind.LIST:
            columns = ["date", "until"]
            for name, inner in study.forms.attributes(fact.name).items():
                columns.append(name + (f" ({', '.join(inner.words)})" if inner.words else ""))
            parts.append(f"a row an event with {', '.join(columns)}; or the value none")
        case FactKind.JUDGEMENT:
            parts.append("Y or N, with the investigator's name in the column by")
        case FactKind.AMOUNT:
            units = next(units for units in AMOUNT_UNITS.values() if fact.unit in units)
            parts.append(f"with unit: {' or '.join(units)}")
        case _:
            parts.append("a number")
    return "; ".join(part for part in parts if part)


def _criteria_text(fact: Fact, study: ReadStudy) -> str:
    texts: Mapping[str, str] = {item.id: item.text for item in study.protocol.eligibility.all}
    return f"{fact.criteria[0]}: {texts[fact.criteria[0]]}" if fact.criteria else ""


def _fact_line(fact: Fact, study: ReadStudy) -> str:
    unit = _usual_unit(fact)
    words = f": {', '.join(fact.words)}" if fact.words else ""
    label = f"; {fact.label}" if fact.label else ""
    return f"{fact.name} ({fact.kind}{f' in {unit}' if unit else ''}{words}{label})"


def _asked(fact: str, study: ReadStudy) -> Sequence[str]:
    """Return the columns that one fact is given in."""
    known = study.forms.facts[fact]
    match known.kind:
        case FactKind.DATE:
            return ("date",)
        case FactKind.LAB:
            return ("value", "unit", "date", "lln", "uln")
        case FactKind.LIST:
            return ("value", "date", "until", *study.forms.attributes(fact))
        case FactKind.JUDGEMENT:
            return ("value", "date", "by")
        case FactKind.AMOUNT:
            return ("value", "unit")
        case _:
            return ("value",)
