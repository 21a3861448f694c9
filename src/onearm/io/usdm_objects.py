"""Objects of the USDM: each with its class, an id of its own, and coded values.

Takes names and attributes, gives plain values for JSON. The codes are those of
CDISC's controlled terminology, as far as a protocol needs them. Knows no
protocol.

CDISC Unified Study Definitions Model (USDM), version 4.0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

VERSION = "4.0.0"
CODE_SYSTEM = "http://www.cdisc.org"
CODE_VERSION = "2025-09-26"
NOT_STATED = "Not stated in the protocol"

Json = dict[str, Any]

CODES: Mapping[str, tuple[str, str]] = {
    # kind of value: NCI concept, decode
    "title:official": ("C207616", "Official Study Title"),
    "title:acronym": ("C207646", "Study Acronym"),
    "organization:registry": ("C93453", "Study Registry"),
    "organization:company": ("C54149", "Drug Company"),
    "organization:academic": ("C18240", "Academia"),
    "role:sponsor": ("C70793", "Clinical Study Sponsor"),
    "type:interventional": ("C98388", "Interventional Study"),
    "model:single group": ("C82640", "Single Group Study"),
    "intent:treatment": ("C49656", "Treatment Study"),
    "intent:prevention": ("C49657", "Prevention Study"),
    "intent:diagnostic": ("C49653", "Diagnosis Study"),
    "intent:supportive care": ("C71486", "Supportive Care Study"),
    "intent:screening": ("C71485", "Screening Study"),
    "masking:open": ("C49659", "Open Label Study"),
    "phase:I": ("C15600", "Phase I Trial"),
    "phase:I/II": ("C15693", "Phase I/II Trial"),
    "phase:II": ("C15601", "Phase II Trial"),
    "phase:IIA": ("C49686", "Phase IIa Trial"),
    "phase:IIB": ("C49688", "Phase IIb Trial"),
    "phase:II/III": ("C15694", "Phase II/III Trial"),
    "arm:experimental": ("C174266", "Investigational Arm"),
    "origin:study": ("C188866", "Data Generated Within Study"),
    "epoch:screening": ("C202487", "Screening Epoch"),
    "epoch:treatment": ("C101526", "Treatment Epoch"),
    "epoch:induction": ("C123453", "Induction Therapy Epoch"),
    "epoch:maintenance": ("C123452", "Continuation Therapy Epoch"),
    "epoch:follow-up": ("C202578", "Follow-Up Epoch"),
    "encounter:visit": ("C25716", "Visit"),
    "timing:fixed": ("C201358", "Fixed Reference"),
    "timing:after": ("C201356", "After"),
    "timing:before": ("C201357", "Before"),
    "relative:start to start": ("C201355", "Start to Start"),
    "objective:primary": ("C85826", "Trial Primary Objective"),
    "objective:secondary": ("C85827", "Trial Secondary Objective"),
    "objective:exploratory": ("C163559", "Trial Exploratory Objective"),
    "endpoint:primary": ("C94496", "Primary Endpoint"),
    "endpoint:secondary": ("C139173", "Secondary Endpoint"),
    "endpoint:exploratory": ("C170559", "Exploratory Endpoint"),
    "criterion:inclusion": ("C25532", "Inclusion Criteria"),
    "criterion:exclusion": ("C25370", "Exclusion Criteria"),
    "sex:F": ("C16576", "Female"),
    "sex:M": ("C20197", "Male"),
    "intervention:experimental": ("C41161", "Protocol Agent"),
    "intervention:drug": ("C1909", "Pharmacologic Substance"),
    "route:oral": ("C38288", "Oral Route of Administration"),
    "route:intravenous": ("C38276", "Intravenous Route of Administration"),
    "route:subcutaneous": ("C38299", "Subcutaneous Route of Administration"),
    "route:intramuscular": ("C28161", "Intramuscular Route of Administration"),
    "unit:mg": ("C28253", "Milligram"),
    "unit:mg/kg": ("C67401", "Milligram per Kilogram"),
    "unit:mg/m2": ("C67402", "Milligram per Square Meter"),
}
"""NCI concepts of CDISC's controlled terminology, package of ``CODE_VERSION``."""


class Objects:
    """Makes the objects of one study; ids count by class, in the order of making."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def make(self, kind: str, /, **attributes: object) -> Json:
        """Return an object of a class, with an id."""
        self._made[kind] += 1
        name = f"{kind}_{self._made[kind]}"
        return {"id": name, "extensionAttributes": [], **attributes, "instanceType": kind}

    def named(
        self, kind: str, name: str, /, *, label: str | None = None, description: str | None = None,
        **attributes: object,
    ) -> Json:  # fmt: skip
        """Return an object of a class that has a name, a label and a description."""
        return self.make(kind, name=name, label=label, description=description, **attributes)

    def code(self, name: str) -> Json:
        """Return a coded value, one of ``CODES``."""
        code, decode = CODES[name]
        return self.make(
            "Code", code=code, codeSystem=CODE_SYSTEM, codeSystemVersion=CODE_VERSION, decode=decode
        )

    def alias(self, name: str) -> Json:
        """Return a coded value as one that may have aliases."""
        return self.make("AliasCode", standardCode=self.code(name), standardCodeAliases=[])

    def quantity(self, value: float, unit: str | None = None) -> Json:
        """Return a number with its unit, where CDISC has a code for it."""
        has_code = unit is not None and f"unit:{unit}" in CODES
        return self.make(
            "Quantity", value=value, unit=self.alias(f"unit:{unit}") if has_code else None
        )

    def note(self, text: str) -> Json:
        """Return a remark."""
        return self.make("CommentAnnotation", text=text, codes=[])


def chained(items: Iterable[Json]) -> list[Json]:
    """Return the items, each with the ids of the one before and the one after."""
    listed = list(items)
    for before, after in pairwise(listed):
        before["nextId"], after["previousId"] = after["id"], before["id"]
    for one in listed:
        one.setdefault("nextId", None)
        one.setdefault("previousId", None)
    return listed
