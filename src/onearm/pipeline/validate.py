"""``onearm validate``: what does not hold of a folder of analysis data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from onearm.errors import Finding
from onearm.format import count_of, text_table
from onearm.io import adam_rules_oncology, adam_rules_structure, adam_rules_values
from onearm.io.adam_rules import RULES, Breach, Rule
from onearm.io.csv import table_text
from onearm.io.data_folder import read_folder

__all__ = ["adam_rules_oncology", "adam_rules_structure", "adam_rules_values", "validate_folder"]

SHOWN = 10
HEADER = ("rule", "severity", "dataset", "record", "variable", "subject", "message", "says")
SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Validated:
    """Every breach of every rule, and what could not be read."""

    folder: Path
    records: Mapping[str, int]
    breaches: tuple[tuple[Rule, Breach], ...]
    findings: tuple[Finding, ...]

    @property
    def exit_status(self) -> int:
        """1 with an error, else 0."""
        return 1 if self.count("error") else 0

    def count(self, severity: str) -> int:
        """Return how many breaches and findings have a severity."""
        found = sum(rule.severity == severity for rule, _ in self.breaches)
        return found + sum(finding.severity == severity for finding in self.findings)

    def as_text(self) -> str:
        """Return the data sets, the rules that do not hold, and the first records of each."""
        tables = ", ".join(f"{name} ({count_of(n, 'record')})" for name, n in self.records.items())
        counts = ", ".join(count_of(self.count(one), one) for one in SEVERITIES)
        lines = [f"{self.folder}: {tables or 'no data set'}", f"{len(RULES)} rules: {counts}"]
        lines += [f"error: {finding}" for finding in self.findings]
        for name, found in Counter(rule.id for rule, _ in self.breaches).items():
            rule = RULES[name]
            lines += [
                "",
                f"{name} {rule.severity}: {rule.says} ({count_of(found, 'breach', 'breaches')})",
            ]
            own = [one for other, one in self.breaches if other is rule]
            rows = [(_where(one), one.subject or "", one.message) for one in own[:SHOWN]]
            lines.append(text_table(("Where", "Subject", "Found"), rows))
            if len(own) > SHOWN:
                lines.append(f"and {len(own) - SHOWN} more; --csv and --json list all")
        return "\n".join(lines)

    def as_csv(self) -> str:
        """Return one row a breach."""
        return table_text(HEADER, [[row[name] for name in HEADER] for row in self._rows()])

    def as_json(self) -> dict[str, object]:
        """Return the same for a program."""
        return {
            "folder": str(self.folder),
            "records": dict(self.records),
            "rules": len(RULES),
            **{f"{one}s": self.count(one) for one in SEVERITIES},
            "unreadable": [str(finding) for finding in self.findings],
            "breaches": self._rows(),
        }

    def _rows(self) -> list[dict[str, object]]:
        return [
            {
                "rule": rule.id,
                "severity": rule.severity,
                "dataset": one.dataset,
                "record": one.record,
                "variable": one.variable,
                "subject": one.subject,
                "message": one.message,
                "says": rule.says,
            }
            for rule, one in self.breaches
        ]


def _where(one: Breach) -> str:
    record = "" if one.record is None else f":{one.record}"
    return f"{one.dataset}{record}" + (f" {one.variable}" if one.variable else "")


def validate_folder(path: Path) -> Validated:
    """Check the analysis data sets of a folder by every rule.

    Raises
    ------
    InputError
        If the folder does not exist or holds no data set, or its define.xml is
        none.
    """
    folder = read_folder(path)
    records = {name: len(table) for name, table in folder.tables.items()}
    breaches = tuple((rule, one) for _, rule in sorted(RULES.items()) for one in rule.check(folder))
    return Validated(path, records, breaches, folder.findings)
