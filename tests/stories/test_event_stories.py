"""Times to an event as patient stories: the responses and what else happened, by day.

Days count from the first dose. A claim is the length in days (end - start + 1)
with the rule that decided: ``85 PD`` is an event on the 85th day, ``43+ CUT`` a
censoring on the 43rd. A claim without rule holds for any. Assessments are
planned every 42 days, 7 more or less: a gap of more than 98 days is one of two
missed assessments. The situations are those of the 2007 FDA guidance on cancer
endpoints (appendix 3) and of the EMA's treatment-policy reading.
"""

from __future__ import annotations

import re

import pytest
from patients import after, day, derive

PRESETS = ("paper", "fda", "ema")
LONG_AGO = {"alive": 400}

PFS = [  # story, responses, facts, paper, fda, ema
    ("PD", "42 SD, 84 PD", {}, "85 PD", "85 PD", "85 PD"),
    ("the first PD counts", "42 SD, 84 PD, 126 PD", {}, "85 PD", "85 PD", "85 PD"),
    ("death without PD", "42 SD", {"death": 84}, "85 DEATH", "85 DEATH", "85 DEATH"),
    ("death after PD", "42 PD", {"death": 84}, "43 PD", "43 PD", "43 PD"),
    ("death on the day of PD", "42 SD, 84 PD", {"death": 84}, "85 PD", "85 PD", "85 PD"),
    ("what is seen on the day of first dose is baseline", "0 PD, 42 SD", LONG_AGO,
     "43+ CUT", "43+ CUT", "43+ CUT"),
    ("alive without PD", "42 SD, 84 SD", LONG_AGO, "85+ CUT", "85+ CUT", "85+ CUT"),
    ("lost: the last assessment, not the last contact", "42 SD", {"lost": 200},
     "43+", "43+", "43+"),
    ("the last assessment is NE", "42 SD, 84 NE", LONG_AGO, "43+ CUT", "43+ CUT", "43+ CUT"),
    ("NE only", "42 NE", LONG_AGO, "1+ NOPOST", "1+ NOPOST", "1+ NOPOST"),
    ("never assessed, alive", "", LONG_AGO, "1+ NOPOST", "1+ NOPOST", "1+ NOPOST"),
    ("never assessed, died within two intervals", "", {"death": 60}, "61", "61", "61"),
    ("never assessed, died 98 days after first dose", "", {"death": 98}, "99", "99", "99"),
    ("never assessed, died 99 days after first dose", "", {"death": 99},
     "100", "1+ MISS2", "100"),
    ("PD exactly 98 days after the last assessment", "42 SD, 140 PD", {},
     "141 PD", "141 PD", "141 PD"),
    ("PD 99 days after the last assessment", "42 SD, 141 PD", {},
     "142 PD", "43+ MISS2", "142 PD"),
    ("death exactly 98 days after the last assessment", "42 SD", {"death": 140},
     "141 DEATH", "141 DEATH", "141 DEATH"),
    ("death 99 days after the last assessment", "42 SD", {"death": 141},
     "142 DEATH", "43+ MISS2", "142 DEATH"),
    ("NE in the gap is no assessment", "42 SD, 84 NE, 141 PD", {},
     "142 PD", "43+ MISS2", "142 PD"),
    ("days count, not rows: PD 98 days after an unplanned scan", "42 SD, 50 SD, 148 PD", {},
     "149 PD", "149 PD", "149 PD"),
    ("a first assessment after 98 days shows PD", "98 PD", {}, "99 PD", "99 PD", "99 PD"),
    ("a first assessment after 99 days shows PD", "99 PD", {}, "100 PD", "1+ MISS2", "100 PD"),
    ("a gap before the last assessment is closed", "42 SD, 150 SD, 192 PD", {},
     "193 PD", "193 PD", "193 PD"),
    ("new therapy, then PD", "42 SD, 126 PD", {"new_therapy": 84},
     "127 PD", "43+ NACT", "127 PD"),
    ("new therapy, then SD, alive", "42 SD, 126 SD", {"new_therapy": 84},
     "127+ CUT", "43+ NACT", "127+ CUT"),
    ("new therapy, then death", "42 SD", {"new_therapy": 84, "death": 120},
     "121 DEATH", "43+ NACT", "121 DEATH"),
    ("new therapy before any assessment", "42 SD", {"new_therapy": 20},
     "43+ CUT", "1+ NACT", "43+ CUT"),
    ("new therapy after PD", "42 SD, 84 PD", {"new_therapy": 90}, "85 PD", "85 PD", "85 PD"),
    ("new therapy on the day of PD", "42 SD, 84 PD", {"new_therapy": 84},
     "85 PD", "85 PD", "85 PD"),
    ("a scan on the day of a new therapy does not count", "42 SD, 84 SD", {"new_therapy": 84},
     "85+ CUT", "43+ NACT", "85+ CUT"),
    ("a scan on the day of stopping counts", "42 SD, 84 SD", {"stop": (84, "ADVERSE EVENT")},
     "85+ CUT", "85+ DISC", "85+ CUT"),
    ("palliative radiotherapy is no new therapy", "42 SD, 84 PD",
     {"new_therapy": (60, "PALLIATIVE RADIOTHERAPY")}, "85 PD", "85 PD", "85 PD"),
    ("symptomatic deterioration is no event", "42 SD",
     {"stop": (60, "SYMPTOMATIC DETERIORATION")}, "43+", "43+ CLIN", "43+"),
    ("stopped for toxicity, never PD", "42 SD", {"stop": (50, "ADVERSE EVENT")},
     "43+", "43+ DISC", "43+"),
    ("stopped for toxicity, then PD", "42 SD, 84 PD", {"stop": (50, "ADVERSE EVENT")},
     "85 PD", "43+ DISC", "85 PD"),
    ("consent withdrawn, then death", "42 SD",
     {"stop": (50, "WITHDRAWAL OF CONSENT"), "death": 100}, "101 DEATH", "43+ DISC", "101 DEATH"),
    ("stopped because of PD", "42 SD, 84 PD", {"stop": (90, "PROGRESSIVE DISEASE")},
     "85 PD", "85 PD", "85 PD"),
]  # fmt: skip

NO_BASELINE = [  # story, facts, paper, fda, ema: scanned only after the first dose
    ("no baseline, alive", {"alive": 100}, "1+", "1+ NOBASE", "1+ NOBASE"),
    ("no baseline, died", {"death": 60}, "61", "1+ NOBASE", "61"),
]  # fmt: skip

IPFS = [  # story, responses, facts, pfs, ipfs
    ("never PD: both the same", "42 SD/iSD, 84 PR/iPR", {}, "85+ CUT", "85+ CUT"),
    ("confirmed at once", "42 SD/iSD, 84 PD/iUPD, 126 PD/iCPD", {}, "85 PD", "85"),
    ("discarded", "42 SD/iSD, 84 PD/iUPD, 126 PD/iSD", {}, "85 PD", "127+"),
    ("discarded, then a second one that is confirmed",
     "42 SD/iSD, 84 PD/iUPD, 126 PD/iPR, 168 PD/iUPD, 210 PD/iCPD", {}, "85 PD", "169"),
    ("discarded, then a last one that waits",
     "42 PD/iUPD, 84 PD/iSD, 126 PD/iUPD", {}, "43 PD", "127"),
    ("the last one waits, no further scan", "42 SD/iSD, 84 PD/iUPD", LONG_AGO, "85 PD", "85"),
    ("only iUPD ever after", "42 PD/iUPD, 84 PD/iUPD", {}, "43 PD", "43"),
    ("the last one waits, then death", "42 SD/iSD, 84 PD/iUPD", {"death": 100}, "85 PD", "85"),
    ("discarded, then death", "42 PD/iUPD, 84 PD/iSD", {"death": 120}, "43 PD", "121 DEATH"),
    ("discarded, then NE: the last that is not NE", "42 PD/iUPD, 84 PD/iSD, 126 NE/iUPD", {},
     "43 PD", "127"),
    ("death without PD", "42 SD/iSD", {"death": 60}, "61 DEATH", "61 DEATH"),
]  # fmt: skip

DOR = [  # story, responses, facts, time to response, duration of response
    ("until PD", "42 PR, 84 PR, 126 PD", {}, "43", "85 PD"),
    ("until death", "42 PR, 84 PR", {"death": 140}, "43", "99 DEATH"),
    ("still going on", "42 PR, 84 PR, 126 SD", LONG_AGO, "43", "85+ CUT"),
    ("the last assessment is NE", "42 PR, 84 PR, 126 NE", LONG_AGO, "43", "43+ CUT"),
    ("PR, then CR: from the PR on", "42 PR, 84 CR, 126 CR, 168 PD", {}, "43", "127 PD"),
    ("from the first of the confirmed pair", "42 PR, 84 SD, 126 PR, 168 PR, 210 PD", {},
     "127", "85 PD"),
    ("never confirmed", "42 PR, 84 PD", {}, None, None),
    ("never responded", "42 SD, 84 PD", {}, None, None),
]  # fmt: skip

IDOR = [  # story, responses, duration of response, by iRECIST
    ("an iUPD that is discarded ends only the one",
     "42 PR/iPR, 84 PR/iPR, 126 PD/iUPD, 168 PD/iPR, 210 PD/iUPD", "85 PD", "169"),
    ("an iUPD that is confirmed ends both", "42 PR/iPR, 84 PR/iPR, 126 PD/iUPD, 168 PD/iCPD",
     "85 PD", "85"),
    ("still going on", "42 PR/iPR, 84 PR/iPR, 126 SD/iSD", "85+ CUT", "85+"),
]  # fmt: skip

OS = [  # story, facts, claim
    ("died", {"death": 100}, "101 DEATH"),
    ("alive at last contact", {"alive": 100}, "101+ CUT"),
    ("lost after last contact", {"alive": 90, "lost": 100}, "101+"),
    ("no contact after first dose", {}, "1+"),
    ("last contact on the day of the first dose", {"alive": 0}, "1+ NOPOST"),
]  # fmt: skip


def told(event):
    if event is None:
        return None
    return f"{event.days}{'' if event.is_event else '+'} {event.rule}"


def agrees(event, claim):
    return told(event) == claim or (
        claim is not None and " " not in claim and (told(event) or "").split(" ")[0] == claim
    )


def check(event, claim):
    assert agrees(event, claim), f"{told(event)} is not {claim}: {event and event.reason}"


def by_preset(stories):
    return [
        pytest.param(*given, preset, claim, id=f"{preset}: {story}")
        for story, *given, paper, fda, ema in stories
        for preset, claim in zip(PRESETS, (paper, fda, ema), strict=True)
    ]


def by_name(stories):
    return [pytest.param(*rest, id=story) for story, *rest in stories]


@pytest.mark.parametrize(("responses", "facts", "preset", "claim"), by_preset(PFS))
def test_pfs_ends_as_the_preset_says(responses, facts, preset, claim):
    check(derive(responses, preset=preset, **facts).events["pfs"], claim)


@pytest.mark.parametrize(("facts", "preset", "claim"), by_preset(NO_BASELINE))
def test_pfs_without_baseline_is_censored_on_day_1(facts, preset, claim):
    scans = {42: "T 50", 84: "T 61"}

    check(derive(scans=scans, preset=preset, **facts).events["pfs"], claim)


def test_an_early_death_without_assessment_has_its_own_flag():
    event = derive("", preset="fda", death=60).events["pfs"]

    assert told(event) == "61 DEATH_EARLY"


@pytest.mark.parametrize(("death", "claim"), [(98, "99 DEATH_EARLY"), (99, "100 DEATH")])
def test_a_death_after_two_intervals_is_not_called_early(death, claim):
    assert told(derive("", preset="ema", death=death).events["pfs"]) == claim


@pytest.mark.parametrize(("responses", "facts", "pfs", "ipfs"), by_name(IPFS))
def test_ipfs_ends_with_the_iupd_that_stands(responses, facts, pfs, ipfs):
    events = derive(responses, **facts).events

    check(events["pfs"], pfs)
    check(events["ipfs"], ipfs)


@pytest.mark.parametrize(
    ("responses", "why"),
    [
        ("42 SD/iSD, 84 PD/iUPD, 126 PD/iCPD", "iUPD on .*, confirmed by the iCPD on"),
        ("42 SD/iSD, 84 PD/iUPD", "iUPD on .*, which nothing confirmed or resolved since"),
    ],
)
def test_ipfs_says_what_became_of_the_iupd(responses, why):
    assert re.match(why, derive(responses, **LONG_AGO).events["ipfs"].reason)


@pytest.mark.parametrize(("responses", "facts", "ttr", "dor"), by_name(DOR))
def test_response_lasts_from_its_first_date(responses, facts, ttr, dor):
    events = derive(responses, **facts).events

    check(events.get("ttr"), ttr)
    check(events.get("dor"), dor)


@pytest.mark.parametrize(("responses", "dor", "idor"), by_name(IDOR))
def test_response_by_irecist_lasts_until_the_iupd_that_stands(responses, dor, idor):
    events = derive(responses).events

    check(events.get("dor"), dor)
    check(events.get("idor"), idor)


@pytest.mark.parametrize(("facts", "claim"), by_name(OS))
def test_survival_ends_with_death_or_last_contact(facts, claim):
    check(derive("42 SD", **facts).events["os"], claim)


def test_no_response_lasts_less_than_a_day():
    # The response comes under a new therapy at which fda has censored PFS before.
    events = derive(
        "42 SD, 84 PR, 126 PR", preset="fda", new_therapy=60, rules={"nact_rule": "ignore"}
    ).events

    assert "dor" not in events or events["dor"].days >= 1


def test_symptomatic_deterioration_is_an_event_where_the_study_says_so():
    facts = {"stop": (60, "SYMPTOMATIC DETERIORATION")}
    off = derive("42 SD, 84 PD", **facts).events["pfs"]
    on = derive("42 SD, 84 PD", rules={"clinical_pd_is_event": True}, **facts).events["pfs"]

    assert told(off) == "85 PD"
    assert told(on) == "61 CLIN"


def test_an_event_says_its_rule_in_words_and_where_it_stands():
    event = derive("42 SD, 84 PD").events["pfs"]

    assert str(day(84)) in event.reason
    assert ("responses.csv", 3) in [(source.file, source.line) for source in event.sources]


SETS = [  # story, how, enrolled, treated, response-evaluable
    ("assessed after baseline", {"scans": {0: "T 50", 42: "T 50"}}, True, True, True),
    ("never treated", {"scans": {0: "T 50"}, "treated": False}, True, False, False),
    ("no scan after baseline", {"scans": {0: "T 50"}}, True, True, False),
    ("NE only", {"scans": {0: "T 50", 42: "T nd"}}, True, True, False),
    ("NE, then SD", {"scans": {0: "T 50", 42: "T nd", 84: "T 50"}}, True, True, True),
    ("non-target lesions only", {"scans": {0: "N +", 42: "N +"}}, True, True, False),
]  # fmt: skip


@pytest.mark.parametrize(("how", "enrolled", "treated", "evaluable"), by_name(SETS))
def test_a_set_holds_whom_it_should(how, enrolled, treated, evaluable):
    found = derive(**how)
    sets = {member.set: member for member in found.memberships}

    assert sets["enrolled"].is_member is enrolled
    assert sets["treated"].is_member is treated
    assert sets["response-evaluable"].is_member is evaluable
    assert all(member.reason for member in sets.values())


MEASURABLE = [  # E09 4.9: a patient who was never assessed stays in the denominator
    ("measurable, assessed", {0: "T 50", 42: "T 50"}, True),
    ("measurable, never assessed after baseline", {0: "T 50"}, True),
    ("one of two targets not measured at baseline", {0: "T1 50, T2 nd", 42: "T1 50, T2 20"}, True),
    ("non-target lesions only", {0: "N +", 42: "N +"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("scans", "is_member"), by_name(MEASURABLE))
def test_treated_may_be_those_with_measurable_disease(scans, is_member):
    found = derive(scans=scans)

    assert found.membership("treated").is_member
    assert found.membership("treated-measurable").is_member is is_member


BEST_CHANGE = [  # story, scans, facts, change in micrometres, of baseline
    ("the smallest sum", {0: "T 50", 42: "T 40", 84: "T 30", 126: "T 35"}, {}, -20_000, 50_000),
    ("growth only", {0: "T 50", 42: "T 52", 84: "T 55"}, {}, 2_000, 50_000),
    ("nothing after the first PD", {0: "T 50", 42: "T 61", 84: "T 20"}, {}, 11_000, 50_000),
    ("PD by a new lesion: its own visit counts", {0: "T 50", 42: "T 40, L 12", 84: "T 20, L 12"},
     {}, -10_000, 50_000),
    ("a partial sum does not count", {0: "T1 25, T2 25", 42: "T1 20, T2 nd", 84: "T1 24, T2 24"},
     {}, -2_000, 50_000),
    ("nothing from a new therapy on", {0: "T 50", 42: "T 40", 84: "T 10"}, {"new_therapy": 60},
     -10_000, 50_000),
    ("no complete sum", {0: "T 50", 42: "T nd"}, {}, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("scans", "facts", "change", "baseline"), by_name(BEST_CHANGE))
def test_best_change_is_the_smallest_complete_sum_up_to_pd(scans, facts, change, baseline):
    found = derive(scans=scans, **facts).best_change

    assert (found.change_um, found.baseline_um) == (change, baseline)


def test_the_reference_date_may_be_that_of_enrolment():
    by_dose = derive("38 SD", enrolled=-4).best
    by_enrolment = derive("38 SD", enrolled=-4, rules={"reference_date": "enrolment"}).best

    assert by_dose.confirmed_best == "NE"  # 38 days
    assert by_enrolment.confirmed_best == "SD"  # 42 days


def test_both_views_of_a_response_have_the_same_dates():
    found = derive(scans={0: "T 50", 42: "T 30", 84: "T 30", 126: "T 37"})

    assert after(found.best.confirmed_response_date) == 42
    assert told(found.events["ttr"]) == "43 RESPONSE"
    assert told(found.events["dor"]) == "85 PD"
