"""``onearm intake registry``: a registry record as a draft of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from onearm.errors import InputError
from onearm.format import count_of
from onearm.io.csv import write_table
from onearm.io.json_fields import read_json
from onearm.io.registry_record import draft_of
from onearm.io.registry_results import Posted, posted_numbers
from onearm.io.registry_values import READ_FROM, UNKNOWN
from onearm.io.yaml import parse_yaml
from onearm.io.yaml_text import yaml_text
from onearm.protocol.model import Assumption
from onearm.protocol.parse import parse_protocol

_HEAD = (
    "A draft, made from the registry record {id} by `onearm intake registry`. What the record",
    "does not give is written {{value: ..., assumed: why}}: replace it, and run `onearm check`.",
)
_LEFT = "Of the record, without a place in this file:"


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft protocol: where it stands, what it holds, and what it lacks."""

    written: Path
    study: str
    counts: dict[str, int]
    unknown: tuple[Assumption, ...]
    read: tuple[Assumption, ...]
    assumed: tuple[Assumption, ...]
    remarks: tuple[str, ...]
    posted: tuple[Path, int] | None = None

    def as_text(self) -> str:
        """Return what was found, then each value that needs a person."""
        counts = ", ".join(f"{what} {number}" for what, number in self.counts.items())
        lines = [f"{self.study}: a draft of the protocol in {self.written}", f"  {counts}"]
        if self.posted:
            lines.append(f"  {count_of(self.posted[1], 'posted number')} in {self.posted[0]}")
        for heading, group in (
            ("Unknown; a placeholder stands there:", self.unknown),
            ("Read from the text; to be confirmed:", self.read),
            ("Assumed:", self.assumed),
        ):
            if group:
                lines += ["", heading, *(_line(item) for item in group)]
        if self.remarks:
            lines += ["", _LEFT, *(f"  {' '.join(remark.split())}" for remark in self.remarks)]
        total = len(self.unknown) + len(self.read) + len(self.assumed)
        return "\n".join([*lines, "", f"{count_of(total, 'value')} to be looked at by a person"])

    def as_json(self) -> dict[str, object]:
        """Return the same for a program."""
        return {
            "study": self.study,
            "written": str(self.written),
            "counts": self.counts,
            "posted": str(self.posted[0]) if self.posted else None,
            **{
                name: [
                    {"field": one.field, "value": one.value, "reason": one.reason} for one in group
                ]
                for name, group in (
                    ("unknown", self.unknown),
                    ("read", self.read),
                    ("assumed", self.assumed),
                )
            },
            "remarks": list(self.remarks),
        }


def _line(item: Assumption) -> str:
    reason = item.reason.removeprefix(UNKNOWN).removeprefix(READ_FROM)
    return f"  {item.field} = {item.value} ({reason})"


def intake_registry(record: Path, out: Path, *, replace: bool = False) -> Drafted:
    """Write a draft protocol from a ClinicalTrials.gov record, and the numbers that it posts.

    Parameters
    ----------
    record
        The record of one study: version 2 JSON.
    out
        The study folder; it need not exist yet.
    replace
        Whether a ``protocol.yaml`` that is there is replaced.

    Raises
    ------
    InputError
        If the record cannot be read, is none of a single-arm trial, or OUT
        holds a protocol already: one line with the path of the field.
    """
    path = out / "protocol.yaml"
    if out.exists() and not out.is_dir():
        raise InputError(f"--out must be a folder, which need not exist yet; {out} is a file")
    if path.exists() and not replace:
        raise InputError(f"{path} is there already; choose another --out, or --replace it")
    found = read_json(record)
    draft, numbers = draft_of(found), posted_numbers(found)
    study = draft.sections["study"]
    name = str(study["id"]) if isinstance(study, dict) else ""
    left = [_LEFT, *(f"- {remark}" for remark in draft.remarks)] if draft.remarks else []
    text = yaml_text(draft.sections, [*(line.format(id=name) for line in _HEAD), *left])
    protocol = parse_protocol(parse_yaml(text, f"the draft of {record.name}"))
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    posted = (out / "posted.csv", len(numbers)) if numbers else None
    if posted:
        write_table(posted[0], Posted._fields, numbers)
    counts = {
        "planned": protocol.study.enrolment.planned,
        "inclusion": len(protocol.eligibility.inclusion),
        "exclusion": len(protocol.eligibility.exclusion),
        "drugs": len(protocol.treatment.drugs),
        "endpoints": len(protocol.endpoints.all),
    }
    unknown = tuple(one for one in protocol.assumptions if one.reason.startswith(UNKNOWN))
    read = tuple(one for one in protocol.assumptions if one.reason.startswith(READ_FROM))
    rest = tuple(one for one in protocol.assumptions if one not in (*unknown, *read))
    return Drafted(path, name, counts, unknown, read, rest, draft.remarks, posted)
