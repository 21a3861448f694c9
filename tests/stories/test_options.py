"""Every option of ``ResponseRules``: changing it changes the answer of a patient.

The options are read off the model, so that one added without a story fails
here. The stories stand in the files beside this one, each under the rule that
it belongs to; those of the data checks stand here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args, get_origin

import pytest
import test_best_response_stories as best_stories
import test_irecist_stories as irecist_stories
import test_recist_stories as recist_stories
from patients import derive, protocol_with, records_of

from onearm.clinical.checks import check_subject
from onearm.clinical.subject import derive_subject
from onearm.protocol.response import ResponseRules
from onearm.results.run import run_analyses

WITHOUT_STORY = {
    "nadir_excludes_ne_visits": "by E09 tables 1 and 2 a time point with a complete target sum "
    "is never NE, so that no such visit exists (a stricter reading would need one)",
}
"""Options that alter no answer that the rules can give, and why."""

SIX_TARGETS = {0: ", ".join(f"T{i} 20/{organ}" for i, organ in enumerate("aabbcc"))}

CHECKS = [  # option, other value, baseline, finding, found by default?
    ("baseline_window_days", 35, {-30: "T 50"}, "baseline-too-old", True),
    ("max_targets", 6, SIX_TARGETS, "too-many-targets", True),
    ("max_per_organ", 1, {0: "T1 20/liver, T2 20/liver"}, "too-many-in-organ", False),
    ("slice_rule_nodes", True, {0: "TG 18"}, "not-measurable", False),  # slices of 10 mm
]


def finds(code, baseline, **rules):
    records = records_of(scans=baseline)
    thick = tuple(replace(row, slice_um=10_000) for row in records.lesions)
    found = check_subject(replace(records, lesions=thick), ResponseRules(**rules))
    return code in {finding.code for finding in found}


def checked():
    for option, value, baseline, code, _ in CHECKS:
        yield option, value, finds(code, baseline), finds(code, baseline, **{option: value})


def responses():
    for option, value, _, scans, *_ in recist_stories.OPTIONS:
        answers = recist_stories.answers
        yield option, value, answers(scans), answers(scans, {option: value})
    for option, value, _, scans, *_ in recist_stories.DATED_OPTIONS:
        dated = recist_stories.dated
        yield option, value, dated(scans), dated(scans, {option: value})
    for option, rules, value, _, scans, *_ in recist_stories.BOUND:
        answers = recist_stories.answers
        yield option, value, answers(scans, rules), answers(scans, {**rules, option: value})


def markers():
    for normal, *_ in recist_stories.MARKERS:
        for rule in ("always", "never"):
            by_default = recist_stories.with_markers(normal, "if_collected")
            yield "markers_required", rule, by_default, recist_stories.with_markers(normal, rule)


def best():
    for option, value, _, sequence, about, *_ in best_stories.OPTIONS:
        confirmed = best_stories.confirmed
        yield (
            option, value,
            confirmed(sequence, about), confirmed(sequence, about, {option: value}),
        )  # fmt: skip
    for option, value, sequence, *_ in best_stories.BENEFIT_OPTIONS:
        benefit = best_stories.control_and_benefit
        yield option, value, benefit(sequence), benefit(sequence, {option: value})


def irecist():
    answers = irecist_stories.answers
    for option, value, _, scans, *_ in irecist_stories.OPTIONS:
        yield option, value, answers(scans), answers(scans, {option: value})
    for option, rules, value, _, scans, *_ in irecist_stories.LATE_LIMIT:
        yield option, value, answers(scans, rules), answers(scans, {**rules, option: value})


def subjects():
    """Yield what belongs to no time point: sets, reference date, end of PFS."""

    def both(option, value, answer, *given, **facts):
        changed = derive(*given, rules={option: value}, **facts)
        return option, value, answer(derive(*given, **facts)), answer(changed)

    yield "population", "treated_measurable", orr_total(), orr_total("treated_measurable")
    yield both(
        "reference_date", "enrolment", lambda found: found.best.confirmed_best,
        "38 SD", enrolled=-4,
    )  # fmt: skip
    yield both(
        "clinical_pd_is_event", True, lambda found: found.events["pfs"].rule,
        "42 SD, 84 PD", stop=(60, "SYMPTOMATIC DETERIORATION"),
    )  # fmt: skip


def orr_total(population="treated"):
    """Return how many subjects the ORR is out of, the one having non-targets alone."""
    records = records_of(scans={0: "N +", 42: "N +"})
    protocol = protocol_with(source="derived", rules={"population": population})
    results = run_analyses(protocol, [records], [derive_subject(records, protocol)], None)
    return results["orr/all/total"].value


SETS = (checked, responses, markers, best, irecist, subjects)


@pytest.fixture(scope="module")
def altered():
    """Return the values of each option that alter an answer of the story sets."""
    found = {}
    for stories in SETS:
        for option, value, before, after in stories():
            if before != after:
                found.setdefault(option, []).append(value)
    return found


@pytest.mark.parametrize("option", ResponseRules.model_fields)
def test_changing_the_option_alters_an_answer(option, altered):
    assert (option in altered) != (option in WITHOUT_STORY), WITHOUT_STORY.get(option)


@pytest.mark.parametrize("option", sorted(set(ResponseRules.model_fields) - set(WITHOUT_STORY)))
def test_each_choice_of_the_option_alters_an_answer(option, altered):
    field = ResponseRules.model_fields[option]
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()

    assert set(choices) - {field.default} <= set(altered[option])


@pytest.mark.parametrize(
    ("option", "value", "baseline", "code", "by_default"), CHECKS, ids=lambda v: str(v)
)
def test_an_option_decides_whether_a_finding_is_made(option, value, baseline, code, by_default):
    assert finds(code, baseline) is by_default
    assert finds(code, baseline, **{option: value}) is not by_default
