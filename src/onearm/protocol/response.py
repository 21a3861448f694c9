"""The choices that RECIST 1.1 and iRECIST leave to a study, each a named option.

A study names a profile and states only what deviates from it. Lengths are in
millimetres, fractions are exact decimals, periods are in days unless the name
says otherwise. Knows no records: the rules that read these options live in
``clinical``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

Days = Annotated[int, Field(ge=0, strict=True)]
Millimetres = Annotated[
    Decimal,
    Field(ge=0, max_digits=6, decimal_places=3),
    WithJsonSchema({"type": "number", "minimum": 0}),
]
Proportion = Annotated[
    Decimal,
    Field(gt=0, lt=1),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Months = Annotated[Decimal, Field(gt=0), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


class ResponseRules(BaseModel):
    """Every option of response evaluation; the defaults are the profile ``recist11``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Baseline and lesions (Eisenhauer 2009, sections 3 and 4.2)
    reference_date: Literal["first_dose", "enrolment"] = Field(
        "first_dose", description="Day from which baseline and the SD minimum are counted"
    )
    baseline_window_days: Days = Field(28, description="Earliest baseline before the reference")
    max_targets: Annotated[int, Field(ge=1, strict=True)] = Field(5, description="Targets in all")
    max_per_organ: Annotated[int, Field(ge=1, strict=True)] = Field(
        2, description="Targets in one organ"
    )
    slice_rule_nodes: bool = Field(
        False, description="Nodes, too, must reach twice the slice thickness"
    )
    population: Literal["treated", "treated_measurable"] = Field(
        "treated", description="Denominator of the response rates"
    )
    # Lesion values and target response (sections 4.3.1 and 4.3.2)
    tstm_mm: Millimetres = Field(Decimal(5), description="Value of a lesion too small to measure")
    pr_rel: Proportion = Field(Decimal("0.30"), description="PR: decrease from the baseline sum")
    pd_rel: Proportion = Field(Decimal("0.20"), description="PD: increase over the nadir sum")
    pd_abs_mm: Millimetres = Field(Decimal(5), description="PD: absolute increase over the nadir")
    reappear_after_cr: Literal["pd", "threshold_only", "flag"] = Field(
        "pd", description="A lesion that reappears after CR is PD whatever its size"
    )
    reappear_scope: Literal["overall_cr", "target_cr"] = Field(
        "overall_cr", description="Which earlier CR makes a reappearance PD"
    )
    sticky_pr: Literal["off", "after_pr", "after_confirmed_pr"] = Field(
        "off", description="Keep PR until PD although the sum rises above the PR limit"
    )
    partial_pd: bool = Field(
        True, description="PD although targets are missing, when the measured ones suffice"
    )
    partial_other: Literal["ne", "bound"] = Field(
        "ne", description="SD or PR although targets are missing: never, or when certain"
    )
    partial_cap_mm: Millimetres | None = Field(
        None, description="Largest value that a missing target may have under `bound`"
    )
    nadir_excludes_ne_visits: bool = Field(
        False, description="A complete sum at a visit whose overall response is NE is no nadir"
    )
    # Non-target and new lesions (sections 4.3.3 to 4.3.5)
    markers_required: Literal["if_collected", "always", "never"] = Field(
        "if_collected", description="Whether CR needs normal tumour markers"
    )
    new_node_min_mm: Millimetres = Field(
        Decimal(10), description="Short axis from which a new node exists"
    )
    equivocal_backdate: bool = Field(
        True, description="A confirmed equivocal lesion is PD from its first sighting"
    )
    # Time points
    visit_window_days: Days = Field(
        14, description="Scans without visit label up to so many days apart are one time point"
    )
    response_date_rule: Literal["last", "first"] = Field(
        "last", description="Date of a time point with scans on several dates"
    )
    pd_date_rule: Literal["first", "last"] = Field(
        "first", description="Date of progression seen on several dates of one time point"
    )
    nact_rule: Literal["exclude_from_start", "exclude_after_start", "ignore"] = Field(
        "exclude_from_start", description="Time points after a new anti-cancer therapy"
    )
    # Best response (sections 4.4.3 and 4.6, table 3)
    confirm_days: Days = Field(28, description="Least wait between a response and the next")
    max_confirm_gap_days: Days | None = Field(
        None, description="Greatest wait between a response and its confirmation"
    )
    min_sd_days: Days = Field(42, description="Least wait from the reference date to SD")
    min_sd_tolerance_days: Days = Field(0, description="Scan window taken off the SD minimum")
    max_ne_between: Days = Field(1, description="NE allowed between a pair")
    max_sd_between: Days = Field(0, description="SD allowed between a pair of PR")
    missed_visit_as_ne: bool = Field(False, description="A missed visit counts as NE in a pair")
    sd_min_applies_to: Literal["any_qualifying_visit", "first_response_visit"] = Field(
        "any_qualifying_visit", description="The visit that must reach the SD minimum"
    )
    cr_then_nonpd_early: Literal["ne", "pd"] = Field(
        "ne", description="CR, then no PD, all before the SD minimum"
    )
    cr_pr: Literal["pd", "recode", "flag"] = Field(
        "pd", description="PR after CR: PD, or the CR was a PR, or a finding only"
    )
    no_data_label: Literal["NE", "MISSING"] = Field(
        "NE", description="Best response without any assessment"
    )
    early_death_as_pd: bool = Field(False, description="Death before any assessment is PD")
    clinical_pd_is_event: bool = Field(False, description="Symptomatic deterioration ends PFS")
    dcr_counts_non_cr_non_pd: bool = Field(True, description="NON-CR/NON-PD is disease control")
    cbr_months: Months | None = Field(
        Decimal(6), description="Least duration of SD for clinical benefit, in months"
    )
    cbr_weeks: Annotated[int, Field(gt=0, strict=True)] | None = Field(
        None, description="The same in weeks (16, 24, 26); takes the place of cbr_months"
    )
    # iRECIST (Seymour 2017)
    icpd_min_days: Days = Field(28, description="Earliest confirmation after iUPD")
    icpd_max_days: Days = Field(56, description="Latest confirmation after iUPD")
    icpd_tolerance_days: Days = Field(0, description="Days by which a scan may be early or late")
    icpd_mm: Millimetres = Field(Decimal(5), description="Growth that confirms iUPD")
    icpd_mm_inclusive: bool = Field(True, description="Growth of exactly icpd_mm confirms")
    icpd_late: Literal["accept_flag", "reject"] = Field(
        "accept_flag", description="Confirmation later than the window"
    )
    ne_keeps_iupd: bool = Field(True, description="NE leaves an iUPD waiting for confirmation")
    early_scan: Literal["ignore", "exception"] = Field(
        "ignore", description="A scan earlier than the window"
    )
    nl_reset_rule: Literal["any_improvement", "class_or_5mm"] = Field(
        "any_improvement", description="What resets the bar after new lesions"
    )
    after_icpd: Literal["hide", "list"] = Field("hide", description="Time points after iCPD")


PROFILES: dict[str, dict[str, object]] = {
    "recist11": {},
    "admiralonco": {
        "reappear_after_cr": "flag",
        "cr_pr": "flag",
        "confirm_days": 28,
        "min_sd_days": 42,
        "max_ne_between": 1,
        "no_data_label": "MISSING",  # its event no_data_missing
    },
}
"""Named sets of options, as what deviates from the defaults."""
