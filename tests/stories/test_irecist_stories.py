"""iRECIST as patient stories: what was seen at each scan, and the response of each.

The shorthand of the lesions is that of ``patients``: T target, N non-target, L
new, a second letter G a node; lengths in mm; day 0 is baseline and first dose.
The last column is the claim: one iRECIST response a time point after baseline;
a dot is a time point after iCPD, which counts no more. Source: Seymour L, et
al. Lancet Oncol 2017;18:e143-e152 (I17); FAQ is the RECIST working group's
list of frequently asked questions. A confirmation comes 28 to 56 days after
the iUPD.
"""

from __future__ import annotations

import pytest
from patients import after, best_of, respond

NON = "NON-iCR/NON-iUPD"

BEFORE = [
    ("I17 T2", "responses before any progression are those of RECIST, with an i",
     {0: "T 20, N +", 42: "T 14, N +", 84: "T gone, N +", 126: "T gone, N gone"},
     "iPR iPR iCR"),
    ("I17 T2", "stable, then not evaluable", {0: "T 20", 42: "T 19", 84: "T nd"}, "iSD NE"),
    ("I17 T2", "non-target only", {0: "N +", 42: "N +", 84: "N gone"}, f"{NON} iCR"),
]  # fmt: skip

BY_TARGETS = [
    ("I17 T2", "+5 mm over the iUPD sum confirms", {0: "T 50", 42: "T 60", 84: "T 65"},
     "iUPD iCPD"),
    ("I17 T2", "+4.999 mm does not", {0: "T 50", 42: "T 60", 84: "T 64.999"}, "iUPD iUPD"),
    ("FAQ", "+4, then +2: the growth adds up from the iUPD",
     {0: "T 50", 42: "T 60", 84: "T 64", 126: "T 66"}, "iUPD iUPD iCPD"),
    ("I17 T2", "+20 % is not asked for once more", {0: "T 100", 42: "T 120", 84: "T 125"},
     "iUPD iCPD"),
    ("I17 T2", "no change stays unconfirmed", {0: "T 50", 42: "T 60", 84: "T 60"}, "iUPD iUPD"),
    ("I17 T2", "a partial sum does not confirm what grew 3 mm",
     {0: "T1 40, T2 10", 42: "T1 50, T2 10", 84: "T1 53, T2 nd"}, "iUPD NE"),
    ("E09 4.4.2", "what is measured alone is 5 mm more than the iUPD sum",
     {0: "T1 40, T2 10", 42: "T1 50, T2 10", 84: "T1 70, T2 nd"}, "iUPD iCPD"),
    ("E09 4.4.2", "an iUPD by two of three, which then grow 5 mm each",
     {0: "T1 20, T2 20, T3 10", 42: "T1 40, T2 40, T3 nd", 84: "T1 45, T2 45, T3 10"},
     "iUPD iCPD"),
    ("I17 T2", "targets progress after an iUPD by a new lesion",
     {0: "T 50", 42: "T 50, L 12", 84: "T 60, L 12"}, "iUPD iCPD"),
    ("I17 T2", "targets progress after an iUPD by non-targets",
     {0: "T 50, N +", 42: "T 50, N ++", 84: "T 60, N +"}, "iUPD iCPD"),
]  # fmt: skip

BY_NON_TARGETS = [
    ("I17 T2", "progress once more confirms", {0: "T 50, N +", 42: "T 50, N ++", 84: "T 50, N ++"},
     "iUPD iCPD"),
    ("I17 T2", "any further increase confirms, it need not be unequivocal again",
     {0: "T 50, N 20", 42: "T 50, N 30++", 84: "T 50, N 33"}, "iUPD iCPD"),
    ("I17 T2", "non-targets progress after an iUPD by targets",
     {0: "T 50, N +", 42: "T 60, N +", 84: "T 60, N ++"}, "iUPD iCPD"),
    ("I17 T2", "non-targets progress after an iUPD by a new lesion",
     {0: "T 50, N +", 42: "T 50, N +, L 12", 84: "T 50, N ++, L 12"}, "iUPD iCPD"),
    ("I17 T2", "non-target only: progress once more",
     {0: "N +", 42: "N ++", 84: "N ++"}, "iUPD iCPD"),
    ("I17 T2", "non-target only: back to what it was", {0: "N +", 42: "N ++", 84: "N +"},
     f"iUPD {NON}"),
    ("I17 T2", "a non-target that returned after iCR and stands does not confirm",
     {0: "T 20, N +", 42: "T gone, N gone", 84: "T gone, N +", 126: "T gone, N +"},
     "iCR iUPD iUPD"),
]  # fmt: skip

BY_NEW_LESIONS = [
    ("I17 T2", "another new lesion confirms",
     {0: "T 50", 42: "T 50, L1 12", 84: "T 50, L1 12, L2 10"}, "iUPD iCPD"),
    ("I17 T2", "a first new lesion after an iUPD by targets",
     {0: "T 50", 42: "T 60", 84: "T 60, L 12"}, "iUPD iCPD"),
    ("I17 T2", "new target lesion +5 mm", {0: "T 50", 42: "T 50, L 12", 84: "T 50, L 17"},
     "iUPD iCPD"),
    ("I17 T2", "new target lesion +4.9 mm", {0: "T 50", 42: "T 50, L 12", 84: "T 50, L 16.9"},
     "iUPD iUPD"),
    ("I17 T2", "two new target lesions: their sum +5 mm",
     {0: "T 50", 42: "T 50, L1 12, L2 14", 84: "T 50, L1 14, L2 17"}, "iUPD iCPD"),
    ("I17 T2", "+4, then +2 of a new target lesion",
     {0: "T 50", 42: "T 50, L 12", 84: "T 50, L 16", 126: "T 50, L 18"}, "iUPD iUPD iCPD"),
    ("I17 T2", "a new non-target lesion (below 10 mm): any increase",
     {0: "T 50", 42: "T 50, L 6", 84: "T 50, L 9"}, "iUPD iCPD"),
    ("I17 T2", "a new node below 15 mm is non-target: any increase",
     {0: "T 50", 42: "T 50, LG 12", 84: "T 50, LG 13"}, "iUPD iCPD"),
    ("I17 T2", "a third new lesion of one organ is non-target: any increase",
     {0: "T 50", 42: "T 50, L1 30/liver, L2 20/liver, L3 12/liver",
      84: "T 50, L1 30/liver, L2 20/liver, L3 13/liver"}, "iUPD iCPD"),
    ("I17 T2", "a sixth new lesion is non-target: any increase",
     {0: "T 50",
      42: "T 50, L1 30/a, L2 30/a, L3 30/b, L4 30/b, L5 30/c, L6 12/c",
      84: "T 50, L1 30/a, L2 30/a, L3 30/b, L4 30/b, L5 30/c, L6 13/c"}, "iUPD iCPD"),
    ("I17 T2", "an unmeasured new lesion that progresses",
     {0: "T 50", 42: "T 50, L +", 84: "T 50, L ++"}, "iUPD iCPD"),
    ("I17 T2", "an unmeasured new lesion that stays", {0: "T 50", 42: "T 50, L +", 84: "T 50, L +"},
     "iUPD iUPD"),
    ("I17 T2", "new lesions are never added to the baseline sum",
     {0: "T 50", 42: "T 30, L 40", 84: "T 30, L 44"}, "iUPD iUPD"),
    ("I17 T2", "no disease at baseline, a new lesion, another one",
     {0: "L gone", 42: "L1 12", 84: "L1 12, L2 12"}, "iUPD iCPD"),
]  # fmt: skip

WINDOW = [
    ("I17", "confirmed after exactly 28 days", {0: "T 50", 42: "T 60", 70: "T 65"}, "iUPD iCPD"),
    ("FAQ", "a scan after 27 days is ignored", {0: "T 50", 42: "T 60", 69: "T 65"}, "iUPD iUPD"),
    ("FAQ", "an early scan that is ignored, then one in time",
     {0: "T 50", 42: "T 60", 56: "T 66", 84: "T 65"}, "iUPD iUPD iCPD"),
    ("FAQ", "what an early scan shows does not reset the bar",
     {0: "T 50", 42: "T 60", 56: "T 50", 84: "T 65"}, "iUPD iUPD iCPD"),
    ("FAQ", "a lesion first seen too early counts at the next valid scan",
     {0: "T 50", 42: "T 60", 56: "T 60, L 12", 84: "T 60, L 12"}, "iUPD iUPD iCPD"),
    ("I17", "confirmed after exactly 56 days", {0: "T 50", 42: "T 60", 98: "T 65"}, "iUPD iCPD"),
    ("I17", "confirmed late, after 57 days", {0: "T 50", 42: "T 60", 99: "T 65"}, "iUPD iCPD"),
]  # fmt: skip

RESET = [
    ("I17", "back to iSD: the bar is reset", {0: "T 50", 42: "T 60", 84: "T 52"}, "iUPD iSD"),
    ("I17", "back to iPR", {0: "T 50", 42: "T 60", 84: "T 35"}, "iUPD iPR"),
    ("I17", "back to iCR", {0: "T 50", 42: "T 60", 84: "T gone"}, "iUPD iCR"),
    ("I17", "a later progression is a new iUPD, with a confirmation of its own",
     {0: "T 50", 42: "T 60", 84: "T 35", 126: "T 42", 168: "T 47"}, "iUPD iPR iUPD iCPD"),
    ("I17", "+6 mm over the nadir, less than 20 %, is no new iUPD",
     {0: "T 50", 42: "T 60", 84: "T 35", 126: "T 41"}, "iUPD iPR iSD"),
    ("I17", "new lesion, then shrinking targets: iPR",
     {0: "T 50", 42: "T 50, L 12", 84: "T 35, L 12"}, "iUPD iPR"),
    ("I17", "a new lesion that vanishes: iSD",
     {0: "T 50", 42: "T 50, L 12", 84: "T 50, L gone"}, "iUPD iSD"),
    ("FAQ F", "iPR, a new lesion, then no change at all",
     {0: "T 50", 42: "T 35", 84: "T 35, L 12", 126: "T 35, L 12"}, "iPR iUPD iUPD"),
    ("I17", "after a reset a standing new lesion is no progression",
     {0: "T 50", 42: "T 50, L 12", 84: "T 35, L 12", 126: "T 35, L 12"}, "iUPD iPR iPR"),
    ("I17", "after a reset a further new lesion is a new iUPD",
     {0: "T 50", 42: "T 50, L1 12", 84: "T 35, L1 12", 126: "T 35, L1 12, L2 10"},
     "iUPD iPR iUPD"),
    ("I17", "after a reset the new lesion grows +20 % and 5 mm over its nadir",
     {0: "T 50", 42: "T 50, L 25", 84: "T 35, L 25", 126: "T 35, L 30"}, "iUPD iPR iUPD"),
    ("I17", "after a reset the new lesion grows 5 mm, less than 20 %",
     {0: "T 50", 42: "T 50, L 30", 84: "T 35, L 30", 126: "T 35, L 35"}, "iUPD iPR iPR"),
    ("I17", "after a reset a new lesion that had vanished is 8 mm again",
     {0: "T 50", 42: "T 50, L 12", 84: "T 50, L gone", 126: "T 50, L 8"}, "iUPD iSD iUPD"),
    ("I17", "targets are gone, a new lesion stands: no iCR",
     {0: "T 50", 42: "T 50, L 12", 84: "T gone, L 12"}, "iUPD iPR"),
    ("I17", "targets and new lesions are gone: iCR",
     {0: "T 50", 42: "T 50, L 12", 84: "T gone, L gone"}, "iUPD iCR"),
    ("E09 table 2", "non-target only: gone, a new lesion shrinks and stands; iPR is impossible",
     {0: "N +", 42: "N gone, L 12", 84: "N gone, L 6"}, f"iUPD {NON}"),
    ("I17", "targets are gone, non-targets stand: iPR",
     {0: "T 50, N +", 42: "T 60, N +", 84: "T gone, N +"}, "iUPD iPR"),
]  # fmt: skip

BETWEEN = [
    ("I17", "NE between leaves the iUPD waiting",
     {0: "T 50", 42: "T 60", 72: "T nd", 98: "T 65"}, "iUPD NE iCPD"),
    ("I17", "targets not done while the new lesion stands",
     {0: "T 50", 42: "T 50, L 12", 84: "T nd, L 12", 126: "T 50, L 17"}, "iUPD NE iCPD"),
    ("I17", "the non-target that progressed was not done: it still waits",
     {0: "T 50, N +", 42: "T 50, N ++", 84: "T 50, N nd", 126: "T 50, N ++"}, "iUPD NE iCPD"),
    ("I17", "nothing counts after iCPD",
     {0: "T 50", 42: "T 60", 84: "T 65", 126: "T 20"}, "iUPD iCPD ."),
    ("I17", "a confirmed iUPD stays confirmed however much shrinks",
     {0: "T 50", 42: "T 60", 84: "T 65", 126: "T gone", 168: "T gone"}, "iUPD iCPD . ."),
]  # fmt: skip

STORIES = [*BEFORE, *BY_TARGETS, *BY_NON_TARGETS, *BY_NEW_LESIONS, *WINDOW, *RESET, *BETWEEN]

OPTIONS = [  # option, other value, story, scans, by default, by the other value
    ("icpd_min_days", 21, "confirmed after 21 days", {0: "T 50", 42: "T 60", 63: "T 65"},
     "iUPD iUPD", "iUPD iCPD"),
    ("icpd_tolerance_days", 2, "confirmed after 26 days", {0: "T 50", 42: "T 60", 68: "T 65"},
     "iUPD iUPD", "iUPD iCPD"),
    ("icpd_mm", 6, "+5 mm", {0: "T 50", 42: "T 60", 84: "T 65"}, "iUPD iCPD", "iUPD iUPD"),
    ("icpd_mm_inclusive", False, "exactly +5 mm", {0: "T 50", 42: "T 60", 84: "T 65"},
     "iUPD iCPD", "iUPD iUPD"),
    ("icpd_late", "reject", "grown after 57 days", {0: "T 50", 42: "T 60", 99: "T 65"},
     "iUPD iCPD", "iUPD iUPD"),
    ("ne_keeps_iupd", False, "NE between", {0: "T 50", 42: "T 60", 72: "T nd", 98: "T 65"},
     "iUPD NE iCPD", "iUPD NE iUPD"),
    ("early_scan", "exception", "a new lesion after 14 days",
     {0: "T 50", 42: "T 60", 56: "T 60, L 12"}, "iUPD iUPD", "iUPD iCPD"),
    ("nl_reset_rule", "class_or_5mm", "a new lesion, then targets 4 mm smaller",
     {0: "T 50", 42: "T 50, L 12", 84: "T 46, L 12"}, "iUPD iSD", "iUPD iUPD"),
    ("after_icpd", "list", "shrinking after iCPD",
     {0: "T 50", 42: "T 60", 84: "T 65", 126: "T 20"}, "iUPD iCPD .", "iUPD iCPD iCPD"),
]  # fmt: skip

LATE_LIMIT = [  # icpd_max_days has a meaning where late confirmations are rejected
    ("icpd_max_days", {"icpd_late": "reject"}, 63, "grown after 57 days",
     {0: "T 50", 42: "T 60", 99: "T 65"}, "iUPD iUPD", "iUPD iCPD"),
]  # fmt: skip


def answers(scans, rules=None):
    return " ".join(point.irecist or "." for point in respond(scans, rules))


@pytest.mark.parametrize(
    ("scans", "claim"),
    [pytest.param(scans, claim, id=f"{sec}: {story}") for sec, story, scans, claim in STORIES],
)
def test_irecist_response_is_the_claim(scans, claim):
    assert answers(scans) == claim


@pytest.mark.parametrize(
    ("option", "value", "scans", "default", "other"),
    [
        pytest.param(option, value, scans, default, other, id=f"{option} {value}: {story}")
        for option, value, story, scans, default, other in OPTIONS
    ],
)
def test_an_option_changes_the_irecist_response_as_it_says(option, value, scans, default, other):
    assert answers(scans) == default
    assert answers(scans, {option: value}) == other


@pytest.mark.parametrize(
    ("option", "rules", "value", "story", "scans", "before", "other"),
    LATE_LIMIT,
    ids=lambda value: str(value),
)
def test_the_end_of_the_window_matters_where_late_is_rejected(
    option, rules, value, story, scans, before, other
):
    assert answers(scans, rules) == before
    assert answers(scans, {**rules, option: value}) == other


@pytest.mark.parametrize(("smaller", "claim"), [("45", "iUPD iSD"), ("45.001", "iUPD iUPD")])
def test_exactly_5_mm_less_is_an_improvement_by_the_stricter_rule(smaller, claim):
    scans = {0: "T 50", 42: "T 50, L 12", 84: f"T {smaller}, L 12"}

    assert answers(scans, {"nl_reset_rule": "class_or_5mm"}) == claim


REJECTED = [  # icpd_late: reject: growth that comes too late is an iUPD that waits anew
    ("in time after that", {0: "T 50", 42: "T 60", 99: "T 65", 141: "T 70"}, "iUPD iUPD iCPD"),
    ("less than 5 mm after that", {0: "T 50", 42: "T 60", 99: "T 65", 141: "T 69"},
     "iUPD iUPD iUPD"),
    ("by a new lesion, which then grows", {0: "T 50", 42: "T 60", 99: "T 50, L 12",
     141: "T 50, L 17"}, "iUPD iUPD iCPD"),
]  # fmt: skip


@pytest.mark.parametrize(("story", "scans", "claim"), REJECTED)
def test_a_late_confirmation_that_is_rejected_waits_anew(story, scans, claim):
    assert answers(scans, {"icpd_late": "reject"}) == claim


def test_a_late_confirmation_says_that_it_is_late():
    late = respond({0: "T 50", 42: "T 60", 99: "T 65"})[-1]
    in_time = respond({0: "T 50", 42: "T 60", 98: "T 65"})[-1]

    assert "later than 56 days" in late.irecist_reason
    assert "later" not in in_time.irecist_reason


def test_a_new_lesion_that_was_not_assessed_denies_icr():
    found = answers({0: "T 50", 42: "T 50, L 12", 84: "T gone, L nd"})

    assert found.split()[0] == "iUPD"
    assert found.split()[1] != "iCR"


def test_no_disease_is_not_said_while_a_new_lesion_stands():
    found = answers({0: "L gone", 42: "L 12", 84: "L 7"}).split()

    assert found[0] == "iUPD"
    assert found[1] != "NED"


def test_a_new_lesion_of_an_early_scan_leaves_no_nadir():
    # The scan of day 56 is too early and ignored: the nadir of the new lesion is 25 mm, not 10.
    scans = {
        0: "T 50", 42: "T 50, L 25", 56: "T 50, L 10", 84: "T 35, L 25", 126: "T 35, L 28",
    }  # fmt: skip

    assert answers(scans) == "iUPD iUPD iPR iPR"


def test_recist_stays_pd_while_irecist_waits_and_resets():
    points = respond({0: "T 50", 42: "T 50, L 12", 84: "T 35, L 12", 126: "T 35, L 12"})

    assert [point.overall for point in points] == ["PD", "PD", "PD"]
    assert [point.irecist for point in points] == ["iUPD", "iPR", "iPR"]


IBOR = [  # section, story, iRECIST responses by day, iBOR, day of iRECIST progression
    ("I17 T3", "iCR, confirmed", "42 iCR, 84 iCR", "iCR", None),
    ("I17 T3", "iPR, confirmed", "42 iPR, 84 iPR", "iPR", None),
    ("I17 T3", "iPR, not confirmed", "42 iPR, 84 iSD", "iSD", None),
    ("I17 T3", "an iUPD never blocks a later better response",
     "42 iUPD, 84 iPR, 126 iPR", "iPR", None),
    ("I17 T3", "an iUPD breaks a pair", "42 iPR, 84 iUPD, 126 iPR", "iSD", None),
    ("I17 T3", "iUPD, then iCR, confirmed", "42 iUPD, 84 iCR, 126 iCR", "iCR", None),
    ("I17 T3", "iUPD, confirmed", "42 iUPD, 84 iCPD", "iCPD", 42),
    ("I17 T3", "iUPD only", "42 iUPD, 84 iUPD", "iUPD", 42),
    ("I17 T3", "iUPD, then NE", "42 iUPD, 84 NE", "iUPD", 42),
    ("I17 T3", "NE only", "42 NE, 84 NE", "NE", None),
    ("I17 T3", "iSD before iCPD", "42 iSD, 84 iUPD, 126 iCPD", "iSD", 84),
    ("I17 T3", "iSD too early, then iCPD", "41 iSD, 84 iUPD, 126 iCPD", "iCPD", 84),
    ("I17 T3", "iSD too early, then iUPD", "41 iSD, 84 iUPD", "iUPD", 84),
    ("I17 T3", "non-target only", f"42 {NON}, 84 iUPD", NON, 84),
    ("I17", "iSD, iUPD, iPR, iUPD, iCPD: the second iUPD",
     "42 iSD, 84 iUPD, 126 iPR, 168 iUPD, 210 iCPD", "iSD", 168),
    ("I17", "a discarded iUPD is no event", "42 iUPD, 84 iSD", "iSD", None),
    ("I17", "a discarded iUPD before an iPR", "42 iUPD, 84 iPR, 126 iPR", "iPR", None),
    ("I17", "a discarded iUPD before an iCR", "42 iUPD, 84 iCR", "iSD", None),
    ("I17", "an unconfirmed last iUPD is the event", "42 iSD, 84 iUPD", "iSD", 84),
    ("I17", "the event is the iUPD that starts the block", "42 iUPD, 84 iUPD, 126 iCPD", "iCPD",
     42),
    ("I17", "NE does not end the block", "42 iUPD, 84 NE, 126 iCPD", "iCPD", 42),
    ("I17", "the last of two iUPD, the first discarded", "42 iUPD, 84 iSD, 126 iUPD", "iSD", 126),
    ("I17", "nothing after iCPD", "42 iUPD, 84 iCPD, 126 iPR, 168 iPR", "iCPD", 42),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sequence", "ibor", "ipfs_day"),
    [pytest.param(*claim, id=f"{sec}: {story}") for sec, story, *claim in IBOR],
)
def test_ibor_and_ipfs_are_the_claim(sequence, ibor, ipfs_day):
    found = best_of(sequence, as_irecist=True)

    assert found.ibor == ibor
    assert after(found.ipfs_date) == ipfs_day


def test_a_story_from_lesions_to_ipfs():
    # iSD, iUPD by targets, back to iPR, iUPD by a new lesion, iCPD by its growth
    scans = {
        0: "T 50", 42: "T 50", 84: "T 60", 126: "T 35", 168: "T 35, L 12", 210: "T 35, L 17",
    }  # fmt: skip

    assert answers(scans) == "iSD iUPD iPR iUPD iCPD"
