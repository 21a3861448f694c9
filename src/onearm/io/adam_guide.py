"""The reader's guide to the analysis data sets, in Markdown, after PhUSE's ADRG.

Takes the data sets and the protocol, gives the text: what there is, how the
dates, windows and responses were chosen, and where they differ from R's
admiralonco.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onearm.clinical.derived import NotKnown
from onearm.format import plain
from onearm.io.adam import AnalysisData


def guide_text(
    data: AnalysisData, origins: Sequence[str] = (), unknown: Sequence[NotKnown] = ()
) -> str:
    """Return the guide.

    ``origins`` says what the patient data are, such as SYNTHETIC; ``unknown`` what a
    day that was recorded in part leaves open.
    """
    return "\n".join(_lines(data, origins, unknown)) + "\n"


def _lines(
    data: AnalysisData, origins: Sequence[str], unknown: Sequence[NotKnown]
) -> Iterator[str]:
    study = data.protocol.study
    yield f"# Reader's guide to the analysis data of {study.id}"
    yield ""
    yield f"{study.title}."
    yield ""
    if origins:
        yield f"**Patient data: {', '.join(origins).lower()}.**"
        yield ""
    cutoff = "none" if study.data_cutoff is None else study.data_cutoff.isoformat()
    standard = f"{data.metadata.standard} {data.metadata.version}"
    yield f"Data cut-off: {cutoff}. Standard: {standard}. Made by onearm."
    yield ""
    yield "## Data sets"
    yield ""
    yield "| data set | label | records | key |"
    yield "|---|---|---|---|"
    for dataset in data.datasets:
        keys = ", ".join(data.about[dataset.name].keys)
        yield f"| {dataset.name} | {dataset.label} | {len(dataset)} | {keys} |"
    yield ""
    yield "SRCDOM, SRCVAR and SRCSEQ lead from ADTTE to ADRS, from ADRS to ADTR, and from there to"
    yield "a table of the study: then SRCDOM is the table and SRCSEQ the line of its file."
    yield ""
    yield from _evaluators(data)
    yield from _choices(data)
    yield from _unknown(unknown)
    yield "## Parameters"
    yield ""
    yield "| data set | PARAMCD | PARAM | how |"
    yield "|---|---|---|---|"
    for name, parameters in data.parameters.items():
        for one in parameters:
            how = "as reported" if one.about is None else one.about.how
            yield f"| {name} | {one.code} | {one.text} | {how} |"
    yield ""
    yield "## Code lists"
    yield ""
    lists = data.metadata.code_lists.values()
    known = ", ".join(f"{one.name} ({one.nci})" for one in lists if one.nci)
    own = ", ".join(one.name for one in lists if not one.nci)
    yield f"CDISC controlled terminology {data.metadata.terminology}, with NCI codes: {known}."
    yield f"Sponsor-defined: {own}, and the lists of the values that occur."
    yield ""
    yield "## Differences from R's admiralonco"
    yield ""
    for what, words in data.metadata.differences:
        yield f"- **{what}.** {words}"


def _unknown(unknown: Sequence[NotKnown]) -> Iterator[str]:
    """Yield who is left out of what, because a day was recorded in part only."""
    if not unknown:
        return
    yield "## Not known"
    yield ""
    yield "No date is imputed. ADT is empty where the day of an assessment was recorded in part;"
    yield "AVAL of a time is empty where this day decides it, and CNSR where it decides that too."
    yield "An analysis that leaves out missing values, as R's survfit does, is without these times."
    yield ""
    for one in unknown:
        yield f"- {one.subject_id}: {one}; {one.because}"
    yield ""


def _evaluators(data: AnalysisData) -> Iterator[str]:
    found: dict[str, str] = {}
    for dataset in data.datasets:
        if dataset.name in ("ADRS", "ADTTE"):
            for code, who in zip(dataset.column("PARAMCD"), dataset.column("PARCAT2"), strict=True):
                if who is not None and str(code).startswith(("OVR", "PFS")) and len(str(code)) <= 4:
                    found.setdefault(str(who), str(code)[3:])
    if len(found) > 1:
        yield "## Evaluators"
        yield ""
        for who, mark in found.items():
            words = f"PARAMCD ends with {mark}" if mark else "PARAMCD without a letter at its end"
            yield f"- {who}: {words}"
        yield ""


def _choices(data: AnalysisData) -> Iterator[str]:
    plan = data.protocol.response
    rules = plan.rules
    yield "## Choices of the protocol"
    yield ""
    yield f"- Responses that count: {plan.primary_evaluator.lower()}, {plan.primary_source}"
    yield f"- Reference date: {rules.reference_date.replace('_', ' ')}"
    tolerance = rules.min_sd_tolerance_days
    yield f"- Least wait before SD: {rules.min_sd_days} days, tolerance {tolerance}"
    yield f"- Least wait before confirmation: {rules.confirm_days} days"
    limit = (
        f"{rules.cbr_weeks} weeks" if rules.cbr_weeks else f"{plain(rules.cbr_months or 6)} months"
    )
    yield f"- Long stable disease (CCBSUS): {limit}"
    yield f"- Disease that comes back after CR: `reappear_after_cr: {rules.reappear_after_cr}`"
    yield f"- PR after CR: `cr_pr: {rules.cr_pr}`"
    until = data.protocol.safety.emergent_until
    window = "without end" if until is None else f"{plain(float(until.days))} days"
    yield f"- Treatment-emergent after the last dose: {window}"
    yield f"- CTCAE: {data.protocol.safety.ctcae}"
    yield ""
