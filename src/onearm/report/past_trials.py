"""The table of published comparators: what past trials found, as their sources print it.

Quotes ``historical.csv``; computes and pools nothing.
"""

from __future__ import annotations

from onearm import format as fmt
from onearm.report.model import Column, Line, Table, phrase
from onearm.report.shown import Shown


def past_trial_table(shown: Shown) -> Table | None:
    """Return the published comparators beside this trial; None where the study names none."""
    trials = shown.material.past_trials
    if not trials:
        return None
    ours = Line(
        phrase(f"This trial ({shown.protocol.study.id})"),
        (
            phrase("; ".join(drug.label or drug.name for drug in shown.protocol.treatment.drugs)),
            phrase(shown.value("orr/all/total")),
            phrase(shown.value("orr/all/count")),
            phrase(shown.value("orr/all/estimate")),
            phrase("Confirmed responses"),
            phrase(""),
        ),
    )
    lines = []
    for one in trials:
        place = f"historical.csv:{one.line}"
        cells = (
            one.drug,
            fmt.NOT_APPLICABLE if one.n is None else str(one.n),
            fmt.NOT_APPLICABLE if one.responders is None else str(one.responders),
            one.rate_percent or fmt.NOT_APPLICABLE,
            one.note,
            place,
        )
        lines.append(Line(phrase(one.source), tuple(map(phrase, cells)), source=place))
    return Table(
        "comparators", "", "Published comparators", "As each source prints its numbers", "Trial",
        (
            Column("Treatment", None, is_text=True),
            Column("Patients, n"),
            Column("Responders, n"),
            Column("ORR, %"),
            Column("Where", None, is_text=True),
            Column("Record", None, is_text=True),
        ),
        (ours, *lines),
        (
            phrase(
                "Set side by side, not compared: the patients, their disease and the rules of "
                "response differ from trial to trial."
            ),
        ),
        is_quoted=True,
    )  # fmt: skip
