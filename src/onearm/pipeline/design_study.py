"""``onearm design study``: the design of a study's protocol, computed and worded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from textwrap import fill

from onearm.design.toxicity import ToxicityBoundary
from onearm.errors import InputError
from onearm.format import result, text_table, with_unit
from onearm.io.yaml import read_yaml
from onearm.protocol.model import Protocol
from onearm.protocol.parse import parse_protocol
from onearm.results.design_rows import PlannedDesign, planned_boundary, planned_design

WIDTH = 88
NAMES = {
    "n": "Evaluable subjects",
    "enrolled": "Subjects to enrol",
    "n1": "Subjects of stage 1",
    "r1": "Stop after stage 1 at so many responders or fewer",
    "r": "Not promising at so many responders or fewer",
    "needed": "Promising with so many without event or more",
    "responders_needed": "Responders needed",
    "limit_at_target": "Lower limit when the target is observed",
    "alpha": "One-sided type I error, attained",
    "power": "Power, attained",
    "pet0": "Probability of stopping early at p0",
    "en0": "Expected number of subjects at p0",
    "hazard_ratio": "Hazard ratio, target over historical",
    "critical": "Promising with Z above",
    "events_null": "Events expected under the historical curve",
    "events_target": "Events expected under the target curve",
}


@dataclass(frozen=True, slots=True)
class StudyDesign:
    """The design of a protocol for a reader and for a program."""

    study: str
    design: PlannedDesign
    is_assumed: bool
    protocol: Protocol
    toxicity: ToxicityBoundary | None = None

    def as_text(self) -> str:
        """Return the numbers, the operating characteristics and two paragraphs."""
        design = self.design
        rows = [row for row in design.rows if row.item is None]
        table = text_table(
            ("Design", ""), [(NAMES[row.statistic], with_unit(row)) for row in rows], numeric=1
        )
        parts = [f"{self.study}: {design.kind.replace('_', ' ')} design", table]
        if self.is_assumed:
            parts.insert(1, "The source does not give all of it: see the assumptions of `check`.")
        if design.rule:
            parts.append(self._operating())
        parts += [
            fill(f"For the protocol: {design.wording.protocol}", WIDTH),
            fill(f"For the paper: {design.wording.paper}", WIDTH),
        ]
        parts += [f"design.{field} {wrong}" for field, wrong in design.contradictions]
        if self.toxicity is not None:
            from onearm.design.monitoring_wording import paragraphs
            from onearm.pipeline.monitoring_text import toxicity_text

            words = paragraphs(self.toxicity)
            parts += [
                toxicity_text(self.toxicity),
                fill(f"For the protocol: {words.protocol}", WIDTH),
            ]
            parts.append(fill(f"For the paper: {words.paper}", WIDTH))
        return "\n\n".join(parts)

    def _operating(self) -> str:
        by_item: dict[str, dict[str, str]] = {}
        for row in self.design.rows:
            if row.item is not None:
                by_item.setdefault(row.item, {})[row.statistic] = result(row)
        lines = [
            (item.removeprefix("p:"), found["reject"], found["stop_early"], found["expected_n"])
            for item, found in by_item.items()
        ]
        header = ("True rate", "P(promising), %", "P(stop early), %", "Expected n")
        return text_table(header, lines, numeric=4)

    def as_json(self) -> dict[str, object]:
        """Return every number at full precision, by name, and the operating characteristics."""
        design = self.design
        operating: dict[str, dict[str, object]] = {}
        for row in design.rows:
            if row.item is not None:
                at = operating.setdefault(row.item, {"rate": float(row.item.removeprefix("p:"))})
                at[row.statistic] = row.value
        return {
            "study": self.study,
            "kind": design.kind,
            **{row.statistic: row.value for row in design.rows if row.item is None},
            "rule": [
                {"n": look.n, "futile": look.futile, "effective": look.effective}
                for look in design.rule
            ],
            "operating": list(operating.values()),
            "wording": {"protocol": design.wording.protocol, "paper": design.wording.paper},
            "contradictions": [
                {"field": field, "message": wrong} for field, wrong in design.contradictions
            ],
            "toxicity": None if self.toxicity is None else asdict(self.toxicity),
        }


def design_study(folder: Path | str) -> StudyDesign:
    """Compute the design of a study's protocol.

    Raises
    ------
    InputError
        If the folder is no study, or its protocol cannot be read.
    DesignError
        If no design exists for the values of the protocol.
    """
    protocol = read_protocol(Path(folder))
    is_assumed = any(item.field.startswith("design") for item in protocol.assumptions)
    plan = protocol.safety.stopping
    boundary = None if plan is None else planned_boundary(plan)
    return StudyDesign(protocol.study.id, planned_design(protocol), is_assumed, protocol, boundary)


def read_protocol(folder: Path) -> Protocol:
    """Read the protocol of a study folder."""
    if not (folder / "protocol.yaml").is_file():
        raise InputError(f"{folder}: no study folder; it must hold a protocol.yaml")
    return parse_protocol(read_yaml(folder / "protocol.yaml"))
