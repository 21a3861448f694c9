"""Best overall response as patient stories: the responses by day, and what they come to.

Days count from the reference date (first dose). ``"42 PR, 84 SD"`` is PR on day
42 and SD on day 84. Sections: Eisenhauer EA, et al. Eur J Cancer
2009;45:228-247 (E09), best response with confirmation by its table 3. The SD
minimum is 42 days, a confirmation comes at least 28 days later, unless a story
says otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from patients import (
    after,
    best_of,
    day,
    derive,
    derive_subject,
    protocol_with,
    records_of,
)

from onearm.terms import Response

NON_PD = "NON-CR/NON-PD"

STORIES = [  # section, story, responses by day, best, confirmed best
    # E09 table 3, row by row: first time point, later time point
    ("E09 T3", "CR, CR", "42 CR, 84 CR", "CR", "CR"),
    ("E09 T3", "CR, PR: a CR that was true makes the PR a progression", "42 CR, 84 PR", "CR",
     "SD"),
    ("E09 T3", "CR, PR before the SD minimum", "20 CR, 41 PR", "CR", "PD"),
    ("E09 T3", "CR, SD, the CR late enough", "42 CR, 84 SD", "CR", "SD"),
    ("E09 T3", "CR, PD, the CR late enough", "42 CR, 84 PD", "CR", "SD"),
    ("E09 T3", "CR, PD, the CR too early", "41 CR, 84 PD", "CR", "PD"),
    ("E09 T3", "CR, NE, the CR late enough", "42 CR, 84 NE", "CR", "SD"),
    ("E09 T3", "CR, NE, the CR too early", "41 CR, 84 NE", "CR", "NE"),
    ("E09 T3", "PR, CR", "42 PR, 84 CR", "CR", "PR"),
    ("E09 T3", "PR, PR", "42 PR, 84 PR", "PR", "PR"),
    ("E09 T3", "PR, SD", "42 PR, 84 SD", "PR", "SD"),
    ("E09 T3", "PR, PD, the PR late enough", "42 PR, 84 PD", "PR", "SD"),
    ("E09 T3", "PR, PD, the PR too early", "41 PR, 84 PD", "PR", "PD"),
    ("E09 T3", "PR, NE, the PR late enough", "42 PR, 84 NE", "PR", "SD"),
    ("E09 T3", "PR, NE, the PR too early", "41 PR, 84 NE", "PR", "NE"),
    ("E09 T3", "NE, NE", "42 NE, 84 NE", "NE", "NE"),
    ("E09 T3", "NE, then CR once", "42 NE, 84 CR", "CR", "SD"),
    # order and the SD minimum
    ("E09 4.6.3", "SD on exactly day 42", "42 SD", "SD", "SD"),
    ("E09 4.6.3", "SD on day 41", "41 SD", "NE", "NE"),
    ("E09 4.6.3", "SD too early, then PD", "41 SD, 84 PD", "PD", "PD"),
    ("E09 4.6.3", "SD too early, then SD", "20 SD, 60 SD", "SD", "SD"),
    ("E09 4.4.3", "SD late enough, then PD", "42 SD, 84 PD", "SD", "SD"),
    ("E09 4.4.3", "PD at once", "42 PD", "PD", "PD"),
    ("E09 4.4.3", "nothing counts after PD", "42 PD, 84 PR, 126 PR", "PD", "PD"),
    ("E09 4.4.3", "NE, then PD", "42 NE, 84 PD", "PD", "PD"),
    ("E09 4.4.3", "an early CR counts at any day, unconfirmed", "10 CR, 84 PD", "CR", "PD"),
    ("E09 4.4.3", "an early PR counts at any day, confirmed", "10 PR, 38 PR", "PR", "PR"),
    ("E09 4.4.3", "a response of the reference day does not count", "0 PR, 42 SD", "SD", "SD"),
    ("E09 4.4.3", "the worst of two records of one day counts", "42 PR, 42 SD", "SD", "SD"),
    ("E09 4.4.3", "NE loses to any record of its day", "42 NE, 42 SD", "SD", "SD"),
    ("E09 4.4.3", "no order of rows is needed", "84 PR, 42 PR", "PR", "PR"),
    ("E09 table 2", "non-target only", f"42 {NON_PD}, 84 PD", NON_PD, NON_PD),
    ("E09 table 2", "non-target only, too early", f"41 {NON_PD}", "NE", "NE"),
    ("E09 table 2", "no disease, then PD", "42 NED, 84 PD", "NED", "NED"),
    ("E09 table 2", "no disease needs no minimum", "20 NED", "NED", "NED"),
    # confirmation
    ("E09 4.6.1", "PR again after exactly 28 days", "42 PR, 70 PR", "PR", "PR"),
    ("E09 4.6.1", "PR again after 27 days", "42 PR, 69 PR", "PR", "SD"),
    ("E09 4.6.1", "a PR too close is passed over", "42 PR, 56 PR, 70 PR", "PR", "PR"),
    ("E09 4.6.1", "one NE between", "42 PR, 63 NE, 84 PR", "PR", "PR"),
    ("E09 4.6.1", "two NE between", "42 PR, 63 NE, 84 NE, 105 PR", "PR", "SD"),
    ("E09 4.6.1", "one SD between", "42 PR, 84 SD, 126 PR", "PR", "SD"),
    ("E09 4.6.1", "SD between, then a pair", "42 PR, 84 SD, 126 PR, 168 PR", "PR", "PR"),
    ("E09 4.6.1", "PD between", "42 PR, 84 PD, 126 PR", "PR", "SD"),
    ("E09 4.6.1", "CR with one NE between", "42 CR, 63 NE, 84 CR", "CR", "CR"),
    ("E09 4.6.1", "CR with SD between", "42 CR, 63 SD, 84 CR", "CR", "SD"),
    ("E09 4.6.1", "PR, CR, CR: each is confirmed", "42 PR, 84 CR, 126 CR", "CR", "CR"),
    ("E09 4.6.1", "PR, CR too close, CR", "42 PR, 56 CR, 70 CR", "CR", "PR"),  # 42 to 70
    ("E09 4.6.1", "a response only at the end", "42 SD, 84 SD, 126 PR", "PR", "SD"),
]  # fmt: skip

OPTIONS = [  # option, other value, story, responses, circumstances, confirmed best: default, other
    ("confirm_days", 21, "21 days apart", "42 PR, 63 PR", {}, "SD", "PR"),
    ("max_confirm_gap_days", 60, "61 days apart", "42 PR, 103 PR", {}, "PR", "SD"),
    ("min_sd_days", 49, "SD on day 42", "42 SD", {}, "SD", "NE"),
    ("min_sd_tolerance_days", 7, "SD on day 35", "35 SD", {}, "NE", "SD"),
    ("max_ne_between", 0, "one NE between", "42 PR, 63 NE, 84 PR", {}, "PR", "SD"),
    ("max_ne_between", 2, "two NE between", "42 PR, 63 NE, 84 NE, 105 PR", {}, "SD", "PR"),
    ("max_sd_between", 1, "PR, SD, PR", "42 PR, 84 SD, 126 PR", {}, "SD", "PR"),
    ("missed_visit_as_ne", True, "two visits missed between",
     "42 PR, 168 PR", {"assess_every_days": 42}, "PR", "SD"),
    ("sd_min_applies_to", "first_response_visit", "an early CR, then late SD",
     "35 CR, 84 SD", {}, "SD", "NE"),
    ("cr_then_nonpd_early", "pd", "CR, then SD, all too early", "20 CR, 35 SD", {}, "NE", "PD"),
    ("cr_pr", "recode", "CR, PR, PR", "42 CR, 84 PR, 126 PR", {}, "SD", "PR"),
    ("cr_pr", "flag", "CR, PR, PR", "42 CR, 84 PR, 126 PR", {}, "SD", "PR"),
    ("no_data_label", "MISSING", "never assessed", "", {}, "NE", "MISSING"),
    ("early_death_as_pd", True, "died before any assessment", "", {"death": 20}, "NE", "PD"),
    ("nact_rule", "ignore", "PR confirmed under the next therapy",
     "42 PR, 84 PR", {"new_therapy": 60}, "SD", "PR"),
    ("nact_rule", "exclude_after_start", "assessed on the day that the next therapy began",
     "42 PR, 84 PR", {"new_therapy": 84}, "SD", "PR"),
]  # fmt: skip

DATES = [  # story, responses, first of the earliest pair, its second, date of the confirmed best
    ("PR, PR", "42 PR, 84 PR", 42, 84, 42),
    ("a PR confirmed by CR dates from the PR", "42 PR, 84 CR", 42, 84, 42),
    ("PR, CR, CR: the response is older than the CR", "42 PR, 84 CR, 126 CR", 42, 84, 84),
    ("a PR too close does not confirm", "42 PR, 56 PR, 70 PR", 42, 70, 42),
    ("the first PR stays alone", "42 PR, 84 SD, 126 PR, 168 PR", 126, 168, 126),
    ("never confirmed", "42 PR, 84 PD", None, None, 42),
    ("PD at once", "30 PD", None, None, 30),
]  # fmt: skip

BENEFIT = [  # story, responses, rules, disease control, clinical benefit
    ("a confirmed PR of any length", "42 PR, 70 PR, 80 PD", {}, True, True),
    ("SD until day 181, the 182nd day", "42 SD, 181 PD", {}, True, False),
    ("SD until day 182, the 183rd day: over 182.625", "42 SD, 182 PD", {}, True, True),
    ("SD until day 180, the 181st day", "42 SD, 180 PD", {}, True, False),
    ("24 weeks are 168 days: PD on the 181st day", "42 SD, 180 PD", {"cbr_weeks": 24}, True, True),
    ("exactly 24 weeks", "42 SD, 167 PD", {"cbr_weeks": 24}, True, True),
    ("a day less than 24 weeks", "42 SD, 166 PD", {"cbr_weeks": 24}, True, False),
    ("three months are 91.3125 days", "42 SD, 91 SD", {"cbr_months": 3}, True, True),
    ("NE at the end does not lengthen SD", "42 SD, 182 NE", {}, True, False),
    ("SD without PD, last seen on the 183rd day", "42 SD, 182 SD", {}, True, True),
    ("an unconfirmed PR lasts as SD does", "42 PR, 84 SD, 182 PD", {}, True, True),
    ("an unconfirmed PR that ends early", "42 PR, 84 PD", {}, True, False),
    ("PD at once", "42 PD", {}, False, False),
    ("SD too early", "41 SD", {}, False, False),
    ("not assessed", "", {}, False, False),
    ("non-target only", f"42 {NON_PD}, 84 {NON_PD}", {}, True, False),
    ("no disease is no disease control", "42 NED, 200 NED", {}, False, False),
]  # fmt: skip

BENEFIT_OPTIONS = [  # option, other value, responses, (control, benefit) by default, and other
    ("dcr_counts_non_cr_non_pd", False, f"42 {NON_PD}", (True, False), (False, False)),
    ("cbr_months", 3, "42 SD, 120 PD", (True, False), (True, True)),
    ("cbr_weeks", 16, "42 SD, 120 PD", (True, False), (True, True)),
]  # fmt: skip

BOUNDED = [  # story, responses, circumstances, best, confirmed best
    ("nothing counts from a new therapy on", "42 PR, 84 PR", {"new_therapy": 84}, "PR", "SD"),
    ("the day before a new therapy counts", "42 PR, 84 PR", {"new_therapy": 85}, "PR", "PR"),
    ("a PD under the next therapy", "42 SD, 84 PD", {"new_therapy": 60}, "SD", "SD"),
    ("a new therapy before all", "42 PR, 84 PR", {"new_therapy": 30}, "NE", "NE"),
    ("nothing counts after the cut-off", "42 PR, 84 PR", {"cutoff": 83}, "PR", "SD"),
    ("the day of the cut-off counts", "42 PR, 84 PR", {"cutoff": 84}, "PR", "PR"),
    ("death is no PD", "42 SD", {"death": 60}, "SD", "SD"),
    ("an assessment on the day of death counts", "42 PR, 84 PR", {"death": 84}, "PR", "PR"),
    ("death without any assessment", "", {"death": 20}, "NE", "NE"),
    ("death after NE only", "20 NE", {"death": 30}, "NE", "NE"),
]  # fmt: skip


def by_story(stories):
    return [pytest.param(*rest, id=f"{section}: {story}") for section, story, *rest in stories]


def by_name(stories):
    return [pytest.param(*rest, id=story) for story, *rest in stories]


def confirmed(sequence, circumstances, rules=None):
    return best_of(sequence, rules, **circumstances).confirmed_best


def control_and_benefit(sequence, rules=None):
    found = best_of(sequence, rules)
    return found.disease_control, found.clinical_benefit


@pytest.mark.parametrize(("sequence", "best", "confirmed_best"), by_story(STORIES))
def test_best_response_is_the_claim(sequence, best, confirmed_best):
    found = best_of(sequence)

    assert (found.best, found.confirmed_best) == (best, confirmed_best)


@pytest.mark.parametrize(
    ("option", "value", "story", "sequence", "circumstances", "default", "other"),
    OPTIONS,
    ids=lambda value: str(value),
)
def test_an_option_changes_the_confirmed_best_as_it_says(
    option, value, story, sequence, circumstances, default, other
):
    assert confirmed(sequence, circumstances) == default
    assert confirmed(sequence, circumstances, {option: value}) == other


@pytest.mark.parametrize(("sequence", "first", "second", "best_day"), by_name(DATES))
def test_a_response_dates_from_the_first_of_its_pair(sequence, first, second, best_day):
    found = best_of(sequence)

    assert after(found.confirmed_response_date) == first
    assert after(found.confirming_date) == second
    assert after(found.confirmed_best_date) == best_day
    assert found.confirmed_response is (first is not None)


@pytest.mark.parametrize(("sequence", "rules", "control", "benefit"), by_name(BENEFIT))
def test_disease_control_and_benefit_go_by_the_confirmed_best(sequence, rules, control, benefit):
    assert control_and_benefit(sequence, rules) == (control, benefit)


@pytest.mark.parametrize(("option", "value", "sequence", "default", "other"), BENEFIT_OPTIONS)
def test_an_option_changes_the_benefit_as_it_says(option, value, sequence, default, other):
    assert control_and_benefit(sequence) == default
    assert control_and_benefit(sequence, {option: value}) == other


@pytest.mark.parametrize(("sequence", "bounds", "best", "confirmed_best"), by_name(BOUNDED))
def test_the_sequence_ends_with_therapy_death_and_cutoff(sequence, bounds, best, confirmed_best):
    found = best_of(sequence, **bounds)

    assert (found.best, found.confirmed_best) == (best, confirmed_best)


PR_AFTER_CR = [  # E09 table 3, footnote: what a PR after a CR is, by the option cr_pr
    # responses, pd, recode, flag
    ("42 CR, 84 PR", "SD", "PR", "SD"),
    ("42 CR, 84 PR, 126 PR", "SD", "PR", "PR"),
    ("42 PR, 70 CR, 98 PR", "PR", "PR", "PR"),
    ("42 PR, 56 CR, 84 PR", "SD", "PR", "SD"),  # a PR after a CR does not confirm
    ("42 CR, 84 CR, 126 PR", "CR", "PR", "CR"),
    ("42 CR, 63 SD, 84 PR", "SD", "SD", "SD"),  # what was SD is not recoded
]  # fmt: skip


@pytest.mark.parametrize(("sequence", "pd", "recode", "flag"), PR_AFTER_CR)
def test_pr_after_cr_is_what_the_option_says(sequence, pd, recode, flag):
    claims = {"pd": pd, "recode": recode, "flag": flag}
    found = {rule: best_of(sequence, {"cr_pr": rule}).confirmed_best for rule in claims}

    assert found == claims


FIRST_RESPONSE_VISIT = [  # sd_min_applies_to: literal table 3
    ("35 PR, 84 PD", "PD"),
    ("35 CR, 84 PD", "PD"),
    ("42 CR, 84 PD", "SD"),
    ("35 PR, 84 SD", "SD"),  # table 3 sets no minimum for PR, then SD
    ("35 CR, 84 SD, 126 PD", "PD"),
]  # fmt: skip


@pytest.mark.parametrize(("sequence", "claim"), FIRST_RESPONSE_VISIT)
def test_the_minimum_may_apply_to_the_first_response(sequence, claim):
    rules = {"sd_min_applies_to": "first_response_visit"}

    assert best_of(sequence, rules).confirmed_best == claim


UNKNOWN = [  # no reference date: responses, best, confirmed best, control, benefit
    ("42 SD, 84 SD", None, None, None, None),
    ("42 PR, 84 SD", "PR", None, None, None),
    ("42 PR, 84 PR", "PR", "PR", True, True),
    ("42 PD", "PD", "PD", False, False),
    ("42 NE", "NE", "NE", False, False),
    ("42 SD, 84 PD", None, None, None, None),  # SD or PD, by the minimum
    (f"42 {NON_PD}", None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("sequence", "best", "confirmed_best", "control", "benefit"), UNKNOWN)
def test_without_reference_date_what_needs_it_is_null(
    sequence, best, confirmed_best, control, benefit
):
    found = best_of(sequence, reference_day=None)

    assert (found.best, found.confirmed_best) == (best, confirmed_best)
    assert (found.disease_control, found.clinical_benefit) == (control, benefit)
    assert confirmed_best is not None or "no reference date" in found.reason


def test_without_any_assessment_the_reason_names_the_death():
    assert str(day(20)) in best_of("", death=20).reason


def test_recorded_responses_without_irecist_give_no_ibor():
    found = best_of("42 PR, 84 PR")

    assert found.ibor is None
    assert found.ipfs_date is None


def test_the_profile_of_admiralonco_lets_a_pr_after_cr_stand():
    from onearm.protocol.response_plan import ProfiledRules

    plan = ProfiledRules.model_validate({"profile": "admiralonco"})
    rules = plan.rules.model_dump()

    assert best_of("42 CR, 84 PR, 126 PR", rules).confirmed_best == "PR"
    assert best_of("42 CR, 84 PR, 126 PR").confirmed_best == "SD"
    assert best_of("", rules).confirmed_best == "MISSING"  # its event no_data_missing


def test_a_cr_with_a_non_target_not_done_between_stays_a_cr():
    # Table 1 makes the second time point PR; nothing has come back (E09 table 3, footnote).
    scans = {0: "T 20, N +", 42: "T gone, N gone", 84: "T gone, N nd", 126: "T gone, N gone"}
    found = derive(scans=scans)

    assert [point.overall for point in found.time_points] == ["CR", "PR", "CR"]
    assert found.best.confirmed_best == "CR"
    assert found.best.ibor == "iCR"


def test_a_pr_with_disease_seen_after_cr_is_pd_though_non_targets_were_not_done():
    records = records_of("42 CR, 84 PR, 126 CR")
    shrunk = replace(records.responses[1], target=Response.PR, non_target=Response.NE)
    gone = replace(shrunk, target=Response.CR)
    first, _, last = records.responses
    best = [
        derive_subject(replace(records, responses=(first, middle, last)), protocol_with()).best
        for middle in (shrunk, gone)
    ]

    assert [found.confirmed_best for found in best] == ["SD", "CR"]


def test_a_gap_of_exactly_the_greatest_wait_confirms():
    assert best_of("42 PR, 103 PR", {"max_confirm_gap_days": 61}).confirmed_best == "PR"
    assert best_of("42 PR, 103 PR", {"max_confirm_gap_days": 60}).confirmed_best == "SD"


@pytest.mark.parametrize("responses", ["42 CR, 84 CR", "42 PR, 84 CR", "42 SD, 84 PR, 126 PR"])
def test_what_is_no_pr_after_cr_is_no_finding(responses):
    assert not derive(responses).findings


@pytest.mark.parametrize("choice", ["pd", "recode", "flag"])
def test_pr_after_cr_is_a_finding_whatever_the_option(choice):
    plain = derive("42 PR, 84 PR", rules={"cr_pr": choice}).findings
    found = derive("42 CR, 84 PR", rules={"cr_pr": choice}).findings

    assert len(found) == len(plain) + 1


NO_DATA = [  # E09 4.9: not evaluable, with the reason
    ("died", {"death": 20}, str(day(20))),
    ("withdrew", {"stop": (20, "WITHDRAWAL OF CONSENT")}, "withdr"),
    ("not done", {"alive": 100}, "no assessment"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "words"), by_name(NO_DATA))
def test_without_any_assessment_the_reason_says_why(facts, words):
    best = derive("", **facts).best

    assert best.confirmed_best == "NE"
    assert words in best.reason.lower()
