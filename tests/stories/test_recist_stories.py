"""RECIST 1.1 as patient stories: what was seen at each scan, and the response of each.

The shorthand of the lesions is that of ``patients``: T target, N non-target, L
new, a second letter G a node; lengths in mm; day 0 is baseline and first dose.
The last column is the claim: the overall response of each time point after
baseline. Sections: Eisenhauer EA, et al. Eur J Cancer 2009;45:228-247 (E09);
FAQ is the RECIST working group's list of frequently asked questions.
"""

from __future__ import annotations

import pytest
from patients import after, day, respond, respond_to, rows_of

from onearm.clinical.lesions import Limits, declare
from onearm.clinical.timepoints import assess_subject
from onearm.clinical.visits import assemble_visits
from onearm.protocol.response import ResponseRules

NON_PD = "NON-CR/NON-PD"

BASELINE = [
    ("E09 3.2", "last assessment before first dose", {-20: "T 50", -5: "T 40", 42: "T 32"}, "SD"),
    ("E09 3.2", "last COMPLETE assessment before first dose",
     {-20: "T1 50, T2 30", -5: "T1 40, T2 nd", 42: "T1 32, T2 24"}, "PR"),  # 56 of 80
    ("E09 3.2", "a scan after first dose is never baseline",
     {-5: "T 40", 3: "T 50", 42: "T 48"}, "PD PD"),  # 48 is +20 % over 40
    ("E09 3.2", "without labels, scans before and after first dose are not one time point",
     {"-5 -": "T 40", "3 -": "T 50", "42 -": "T 48"}, "PD PD"),
    ("E09 3.2", "a target without baseline measurement is NE for ever",
     {0: "T1 50, T2 nd", 42: "T1 20, T2 20", 84: "T1 90, T2 90"}, "NE NE"),
    ("E09 4.4.2", "a new lesion is PD although a target has no baseline",
     {0: "T1 50, T2 nd", 42: "T1 20, T2 20, L 12"}, "PD"),
]  # fmt: skip

LESION_VALUES = [
    ("E09 4.3.2", "too small to measure counts 5 mm",
     {0: "T1 20, T2 20", 42: "T1 small, T2 23"}, "PR"),  # 28 of 40
    ("E09 4.3.2", "a measured 3 mm counts 3 mm", {0: "T1 20, T2 20", 42: "T1 3, T2 25"}, "PR"),
    ("E09 4.3.2", "absent counts 0", {0: "T1 20, T2 20", 42: "T1 gone, T2 28"}, "PR"),
    ("E09 4.3.2", "not done is missing, never 0", {0: "T1 20, T2 20", 42: "T1 nd, T2 10"}, "NE"),
    ("E09 4.3.2", "a target without record is missing, never 0",
     {0: "T1 20, T2 20", 42: "T2 10"}, "NE"),
    ("E09 4.3.2", "a node below 10 mm still adds its short axis",
     {0: "T 20, TG 20", 42: "T 19, TG 9", 84: "T 26, TG 8"}, "PR PD"),  # 40, 28, 34: +21.4 %
    ("E09 4.3.2", "fragments add to the lesion that split",
     {0: "T 40", 42: "T split, TA 15<T, TB 13<T"}, "PR"),  # 28 of 40
    ("E09 4.3.2", "fragments progress by their sum",
     {0: "T 40", 42: "T split, TA 15<T, TB 13<T", 84: "T split, TA 20<T, TB 14<T"}, "PR PD"),
    ("E09 4.3.2", "a fragment recorded as new is not a new lesion",
     {0: "T 40", 42: "T split, LA 18<T, LB 16<T"}, "SD"),  # 34 of 40
    ("E09 4.3.2", "a fragment that was not done leaves the sum unknown",
     {0: "T 60", 42: "T split, TA 20<T, TB 20<T", 84: "T split, TA 20<T, TB nd<T"}, "PR NE"),
    ("E09 4.3.2", "a fragment without record leaves the sum unknown",
     {0: "T 60", 42: "T split, TA 20<T, TB 20<T", 84: "T split, TA 20<T"}, "PR NE"),
    ("E09 4.3.2", "a coalesced mass counts once",
     {0: "T1 30, T2 20", 42: "T1 35, T2 merged"}, "PR"),  # 35 of 50
    ("E09 4.3.2", "a coalesced mass can progress",
     {0: "T1 30, T2 20", 42: "T1 60, T2 merged"}, "PD"),  # +20 %
    ("E09 4.3.2", "merged lesions do not stand in the way of CR",
     {0: "T1 30, T2 20", 42: "T1 40, T2 merged", 84: "T1 gone, T2 merged"}, "SD CR"),
]  # fmt: skip

TARGETS = [
    ("E09 4.3.1", "exactly -30 % is PR", {0: "T 14", 42: "T 9.8"}, "PR"),
    ("E09 4.3.1", "a micrometre less shrinkage is SD", {0: "T 14", 42: "T 9.801"}, "SD"),
    ("E09 4.3.1", "exactly +20 % is PD", {0: "T 27", 42: "T 32.4"}, "PD"),
    ("E09 4.3.1", "a micrometre less growth is SD", {0: "T 27", 42: "T 32.399"}, "SD"),
    ("E09 4.3.1", "exactly +5 mm is PD", {0: "T 20", 42: "T 3.2", 84: "T 8.2"}, "PR PD"),
    ("E09 4.3.1", "4.999 mm is no PD", {0: "T 20", 42: "T 3.2", 84: "T 8.199"}, "PR PR"),
    ("E09 4.3.1", "+20 % but only 4 mm", {0: "T 50", 42: "T 20", 84: "T 24"}, "PR PR"),
    ("E09 4.3.1", "+5 mm but only 5 %", {0: "T 100", 42: "T 105"}, "SD"),
    ("E09 4.3.1", "both limbs exactly: 25 to 30", {0: "T 25", 42: "T 30"}, "PD"),
    ("E09 4.3.1", "4.95 mm over a nadir of 0",
     {0: "T 20, N +", 42: "T gone, N +", 84: "T 4.95, N +"}, "PR PR"),
    ("E09 4.3.1", "5 mm over a nadir of 0",
     {0: "T 20, N +", 42: "T gone, N +", 84: "T 5, N +"}, "PR PD"),
    ("E09 4.3.1", "PD is over the nadir, below baseline", {0: "T 50", 42: "T 30", 84: "T 36"},
     "PR PD"),
    ("E09 4.3.1", "slow growth adds up from the nadir, not from visit to visit",
     {0: "T 100", 42: "T 60", 84: "T 66", 126: "T 71", 168: "T 72"}, "PR PR SD PD"),
    ("E09 4.3.1", "baseline is the nadir of what only grows", {0: "T 50", 42: "T 55", 84: "T 60"},
     "SD PD"),
    ("E09 4.3.1", "PR is from baseline, not from the largest sum",
     {0: "T 50", 42: "T 55", 84: "T 36", 126: "T 35"}, "SD SD PR"),
    ("E09 4.3.1", "the sum decides a mixed response",
     {0: "T1 30, T2 30", 42: "T1 10, T2 32"}, "PR"),  # 42 of 60
    ("E09 4.3.1", "a node of 9.9 mm is normal", {0: "TG 20", 42: "TG 9.9"}, "CR"),
    ("E09 4.3.1", "a node of 10 mm is not normal", {0: "TG 20", 42: "TG 10"}, "PR"),
    ("E09 4.3.1", "CR with a sum above 0", {0: "T 30, TG 18", 42: "T gone, TG 9.9"}, "CR"),
    ("E09 4.3.1", "one node of 10 mm denies CR", {0: "T 30, TG 18", 42: "T gone, TG 10"}, "PR"),
    ("E09 4.3.2", "too small to measure is not gone", {0: "T 20", 42: "T small"}, "PR"),
    ("E09 4.3.1", "after PD the limits go on as before", {0: "T 50", 42: "T 61", 84: "T 40"},
     "PD SD"),
]  # fmt: skip

REAPPEARANCE = [
    ("E09 T3 footnote", "3 mm after CR", {0: "T 20", 42: "T gone", 84: "T 3"}, "CR PD"),
    ("E09 T3 footnote", "a node that passes 10 mm after CR",
     {0: "TG 20", 42: "TG 9", 84: "TG 10"}, "CR PD"),
    ("E09 T3 footnote", "a node that stays below 10 mm after CR",
     {0: "TG 20", 42: "TG 9", 84: "TG 9.9"}, "CR CR"),
    ("E09 T3 footnote", "3 mm after a CR of the targets only",
     {0: "T 20, N +", 42: "T gone, N +", 84: "T 3, N +"}, "PR PR"),
    ("E09 T3 footnote", "3 mm after CR, another target not done",
     {0: "T1 20, T2 20", 42: "T1 gone, T2 gone", 84: "T1 3, T2 nd"}, "CR PD"),
    ("E09 T3 footnote", "nothing seen after CR, one target not done",
     {0: "T1 20, T2 20", 42: "T1 gone, T2 gone", 84: "T1 gone, T2 nd"}, "CR NE"),
    ("E09 T3 footnote", "a non-target that returns after CR",
     {0: "T 20, N +", 42: "T gone, N gone", 84: "T gone, N +"}, "CR PD"),
    ("E09 T3 footnote", "a non-target that returns after CR, another not done",
     {0: "T 20, N1 +, N2 +", 42: "T gone, N1 gone, N2 gone", 84: "T gone, N1 +, N2 nd"}, "CR PD"),
]  # fmt: skip

MISSING = [
    ("E09 4.4.2", "PD although one of three is missing: 50 mm to 80 mm from two",
     {0: "T1 20, T2 20, T3 10", 42: "T1 40, T2 40, T3 nd"}, "PD"),
    ("E09 4.4.2", "exactly +20 % from two of three",
     {0: "T1 20, T2 20, T3 10", 42: "T1 30, T2 30, T3 nd"}, "PD"),
    ("E09 4.4.2", "+18 % from two of three is NE",
     {0: "T1 20, T2 20, T3 10", 42: "T1 29, T2 30, T3 nd"}, "NE"),
    ("E09 4.4.2", "a shrunken partial sum is no PR",
     {0: "T1 20, T2 20", 42: "T1 1, T2 nd"}, "NE"),
    ("E09 4.4.2", "a partial sum is no nadir",
     {0: "T1 30, T2 30", 42: "T1 10, T2 nd", 84: "T1 20, T2 20"}, "NE PR"),  # 40 of 60
    ("E09 4.4.2", "partial PD is over the nadir",
     {0: "T1 40, T2 40", 42: "T1 20, T2 20", 84: "T1 48, T2 nd"}, "PR PD"),
]  # fmt: skip

OVERALL = [
    ("E09 table 1", "target CR, non-target CR", {0: "T 20, N +", 42: "T gone, N gone"}, "CR"),
    ("E09 table 1", "target CR, non-target persists", {0: "T 20, N +", 42: "T gone, N +"}, "PR"),
    ("E09 table 1", "target CR, non-target not done", {0: "T 20, N +", 42: "T gone, N nd"}, "PR"),
    ("E09 table 1", "target PR, non-target not done", {0: "T 20, N +", 42: "T 14, N nd"}, "PR"),
    ("E09 table 1", "target PR, non-target CR", {0: "T 20, N +", 42: "T 14, N gone"}, "PR"),
    ("E09 table 1", "target SD, non-target not done", {0: "T 20, N +", 42: "T 20, N nd"}, "SD"),
    ("E09 table 1", "target SD, non-target CR", {0: "T 20, N +", 42: "T 20, N gone"}, "SD"),
    ("E09 table 1", "target NE, non-target CR", {0: "T 20, N +", 42: "T nd, N gone"}, "NE"),
    ("E09 table 1", "target NE, non-target PD", {0: "T 20, N +", 42: "T nd, N ++"}, "PD"),
    ("E09 table 1", "target PR, non-target PD", {0: "T 20, N +", 42: "T 10, N ++"}, "PD"),
    ("E09 table 1", "target PD, non-target CR", {0: "T 20, N +", 42: "T 26, N gone"}, "PD"),
    ("E09 table 1", "target CR, new lesion", {0: "T 20", 42: "T gone, L 12"}, "PD"),
    ("E09 table 1", "target NE, new lesion", {0: "T 20", 42: "T nd, L 12"}, "PD"),
]  # fmt: skip

NON_TARGETS = [
    ("E09 4.3.3", "one progresses, the other was not done",
     {0: "T 20, N1 +, N2 +", 42: "T 20, N1 nd, N2 ++"}, "PD"),
    ("E09 4.3.3", "a non-target node of 9.9 mm is gone",
     {0: "T 20, NG 12", 42: "T gone, NG 9.9"}, "CR"),
    ("E09 4.3.3", "a non-target node too small to measure is normal",
     {0: "T 20, NG 12", 42: "T gone, NG small"}, "CR"),
    ("E09 4.3.3", "a non-target node of 10 mm persists",
     {0: "T 20, NG 12", 42: "T gone, NG 10"}, "PR"),
    ("E09 4.4.4", "equivocal progression that is confirmed counts from its first sight",
     {0: "T 20, N +", 42: "T 20, N ?", 84: "T 20, N ++"}, "PD PD"),
    ("E09 4.4.4", "equivocal progression that subsides never counts",
     {0: "T 20, N +", 42: "T 20, N ?", 84: "T 20, N +"}, "SD SD"),
    ("E09 4.4.4", "equivocal progression that subsided does not date a later one back",
     {0: "T 20, N +", 42: "T 20, N ?", 84: "T 20, N +", 126: "T 20, N ++"}, "SD SD PD"),
    ("E09 4.4.4", "a second doubt, after a progression that subsided, needs its own confirmation",
     {0: "T 20, N +", 42: "T 20, N ?", 84: "T 20, N ++", 126: "T 20, N +", 168: "T 20, N ?"},
     "PD PD SD SD"),
    ("E09 table 2", "non-target only: one persists", {0: "N1 +, N2 +", 42: "N1 gone, N2 +"},
     NON_PD),
    ("E09 table 2", "non-target only: all gone", {0: "N1 +, N2 +", 42: "N1 gone, N2 gone"}, "CR"),
    ("E09 table 2", "non-target only: one not done", {0: "N1 +, N2 +", 42: "N1 gone, N2 nd"}, "NE"),
    ("E09 table 2", "non-target only: unequivocal progression", {0: "N +", 42: "N ++"}, "PD"),
    ("E09 table 2", "non-target only: a new lesion", {0: "N +", 42: "N gone, L 12"}, "PD"),
    ("E09 table 2", "non-target only: shrinking is never PR",
     {0: "N 8", 42: "N 2"}, NON_PD),
    ("E09 4.3.2", "a non-target that splits is still the one of baseline",
     {0: "N +", 42: "N +", 84: "N split, NA +<N, NB +<N"}, f"{NON_PD} {NON_PD}"),
    ("E09 4.4.1", "no disease at baseline, none later", {0: "L gone", 42: "L gone"}, "NED"),
    ("E09 4.4.1", "no disease at baseline, then a new lesion",
     {0: "L gone", 42: "L gone", 84: "L 12"}, "NED PD"),
]  # fmt: skip

NEW_LESIONS = [
    ("E09 4.3.5", "PD although the targets are gone", {0: "T 20", 42: "T gone, L 12"}, "PD"),
    ("E09 4.3.5", "a new lesion that was never measured", {0: "T 20", 42: "T 20, L +"}, "PD"),
    ("E09 4.3.5", "unequivocal, then resolved: stays PD",
     {0: "T 20", 42: "T 20, L 12", 84: "T 20, L gone"}, "PD PD"),
    ("E09 4.3.5", "equivocal and never more", {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L 6?"},
     "SD SD"),
    ("E09 4.3.5", "equivocal, then resolved",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L gone"}, "SD SD"),
    ("E09 4.3.5", "equivocal, then confirmed: PD from the first sighting",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L 12"}, "PD PD"),
    ("E09 4.3.5", "equivocal twice, then confirmed",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L 8?", 126: "T 20, L 12"}, "PD PD PD"),
    ("E09 4.3.5", "equivocal, not done, then confirmed",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L nd", 126: "T 20, L 12"}, "PD PD PD"),
    ("E09 4.3.5", "equivocal, resolved, and there again",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L gone", 126: "T 20, L 12"}, "SD SD PD"),
    ("E09 4.3.5", "one equivocal, another one confirmed: only the second counts",
     {0: "T 20", 42: "T 20, L1 6?", 84: "T 20, L1 6?, L2 12"}, "SD PD"),
    ("FAQ new node", "a new node of 9 mm is none", {0: "T 20", 42: "T 20, LG 9"}, "SD"),
    ("FAQ new node", "a new node too small to measure is none", {0: "T 20", 42: "T 20, LG small"},
     "SD"),
    ("FAQ new node", "a new node of 10 mm", {0: "T 20", 42: "T 20, LG 10"}, "PD"),
    ("FAQ new node", "a new node of 14 mm", {0: "T 20", 42: "T 20, LG 14"}, "PD"),
    ("FAQ new node", "a node of 9, then 11 mm: PD when it exists",
     {0: "T 20", 42: "T 20, LG 9", 84: "T 20, LG 11"}, "SD PD"),
    ("E09 4.3.5", "FDG-PET positive after a negative one at baseline",
     {0: "T 20, L gone@PET", 42: "T 20, L +@PET"}, "PD"),
    ("E09 4.3.5", "FDG-PET positive without one at baseline, not confirmed",
     {0: "T 20", 42: "T 20, L +@PET"}, "SD"),
    ("E09 4.3.5", "FDG-PET positive without one at baseline, then on CT: from the PET on",
     {0: "T 20", 42: "T 20, L +@PET", 84: "T 20, L 12@CT"}, "PD PD"),
    ("E09 4.3.5", "FDG-PET positive without one at baseline, then nothing on CT",
     {0: "T 20", 42: "T 20, L +@PET", 84: "T 20, L gone@CT"}, "SD SD"),
    ("E09 4.3.5", "FDG-PET positive at a site known on CT that does not grow",
     {0: "T 20, N +, L gone@PET", 42: "T 20, N +, LA +@PET<N"}, "SD"),
]  # fmt: skip

ASSEMBLY = [
    ("E09 4.4.1", "one label on several days is one time point",
     {0: "T1 20, T2 20", "40 W06": "T1 14", "43 W06": "T2 14"}, "PR"),
    ("E09 4.4.1", "one label is one time point however far apart",
     {0: "T1 20, T2 20", "42 W06": "T1 14", "70 W06": "T2 14"}, "PR"),
    ("E09 4.4.1", "two labels are two time points however near",
     {0: "T1 20, T2 20", "42 A": "T1 14", "43 B": "T2 14"}, "NE NE"),
    ("E09 4.4.1", "without labels, 14 days apart are one time point",
     {"0 -": "T1 20, T2 20", "42 -": "T1 14", "56 -": "T2 14"}, "PR"),
    ("E09 4.4.1", "without labels, 15 days apart are two time points",
     {"0 -": "T1 20, T2 20", "42 -": "T1 14", "57 -": "T2 14"}, "NE NE"),
]  # fmt: skip

BY_RULE = [  # the study's rules stand last
    ("FAQ PR to PD", "a kept PR ends with PD",
     {0: "T 100", 42: "T 70", 84: "T 90", 126: "T 80"}, "PR PD SD", {"sticky_pr": "after_pr"}),
    ("FAQ PR to PD", "a PR is kept only once it is confirmed",
     {0: "T 100", 42: "T 70", 56: "T 80", 84: "T 80"}, "PR SD SD",
     {"sticky_pr": "after_confirmed_pr"}),
    ("FAQ PR to PD", "a PR is confirmed by another one after exactly 28 days",
     {0: "T 100", 42: "T 70", 70: "T 70", 112: "T 80"}, "PR PR PR",
     {"sticky_pr": "after_confirmed_pr"}),
    ("FAQ PR to PD", "a PR is not confirmed by another one after 27 days",
     {0: "T 100", 42: "T 70", 69: "T 70", 111: "T 80"}, "PR PR SD",
     {"sticky_pr": "after_confirmed_pr"}),
    ("FAQ PR to PD", "keeping PR moves no PD",
     {0: "T 100", 42: "T 60", 84: "T 71", 126: "T 72"}, "PR PR PD", {"sticky_pr": "after_pr"}),
    ("E09 4.4.2", "SD for every size of what is missing",
     {0: "T1 50, T2 50", 42: "T1 75, T2 nd"}, "SD",  # 75 to 115
     {"partial_other": "bound", "partial_cap_mm": 40}),
    ("E09 4.4.2", "PR or SD, by the size of what is missing",
     {0: "T1 50, T2 50", 42: "T1 31, T2 nd"}, "NE",  # 31 to 71
     {"partial_other": "bound", "partial_cap_mm": 40}),
    ("E09 4.4.2", "PR or PD over the nadir, by the size of what is missing",
     {0: "T1 50, T2 50", 42: "T1 15, T2 15", 84: "T1 34, T2 nd"}, "PR NE",  # 36 is PD
     {"partial_other": "bound", "partial_cap_mm": 10}),
    ("E09 4.4.2", "CR or PR, by the size of what is missing",
     {0: "T1 50, T2 50", 42: "T1 gone, T2 nd"}, "NE",
     {"partial_other": "bound", "partial_cap_mm": 20}),
    ("E09 4.4.2", "PD for every size of what is missing",
     {0: "T1 50, T2 50", 42: "T1 120, T2 nd"}, "PD",
     {"partial_other": "bound", "partial_cap_mm": 40}),
    ("E09 4.3.5", "without back-dating PD begins where it is certain",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L 8?", 126: "T 20, L 12"}, "SD SD PD",
     {"equivocal_backdate": False}),
]  # fmt: skip

STORIES = [
    *BASELINE, *LESION_VALUES, *TARGETS, *REAPPEARANCE, *MISSING, *OVERALL, *NON_TARGETS,
    *NEW_LESIONS, *ASSEMBLY, *BY_RULE,
]  # fmt: skip

OPTIONS = [  # option, its other value, story, scans, by default, by the other value
    ("tstm_mm", 6, "too small to measure", {0: "T1 20, T2 20", 42: "T1 small, T2 23"}, "PR", "SD"),
    ("pr_rel", "0.5", "-30 %", {0: "T 20", 42: "T 14"}, "PR", "SD"),
    ("pd_rel", "0.25", "+20 %", {0: "T 50", 42: "T 60"}, "PD", "SD"),
    ("pd_abs_mm", 10, "+6 mm", {0: "T 20", 42: "T 26"}, "PD", "SD"),
    ("reappear_after_cr", "threshold_only", "3 mm after CR",
     {0: "T 20", 42: "T gone", 84: "T 3"}, "CR PD", "CR PR"),
    ("reappear_after_cr", "flag", "3 mm after CR",
     {0: "T 20", 42: "T gone", 84: "T 3"}, "CR PD", "CR PR"),
    ("reappear_scope", "target_cr", "3 mm after a CR of the targets only",
     {0: "T 20, N +", 42: "T gone, N +", 84: "T 3, N +"}, "PR PR", "PR PD"),
    ("sticky_pr", "after_pr", "70, 70, 80, 80, 80 % of baseline, as in the FAQ",
     {0: "T 100", 42: "T 70", 84: "T 70", 126: "T 80", 168: "T 80", 210: "T 80"},
     "PR PR SD SD SD", "PR PR PR PR PR"),
    ("sticky_pr", "after_confirmed_pr", "PR confirmed, then 80 %",
     {0: "T 100", 42: "T 70", 84: "T 70", 126: "T 80"}, "PR PR SD", "PR PR PR"),
    ("partial_pd", False, "PD although one of three is missing",
     {0: "T1 20, T2 20, T3 10", 42: "T1 40, T2 40, T3 nd"}, "PD", "NE"),
    ("new_node_min_mm", 15, "a new node of 14 mm", {0: "T 20", 42: "T 20, LG 14"}, "PD", "SD"),
    ("equivocal_backdate", False, "equivocal, then confirmed",
     {0: "T 20", 42: "T 20, L 6?", 84: "T 20, L 12"}, "PD PD", "SD PD"),
    ("visit_window_days", 7, "no labels, 14 days apart",
     {"0 -": "T1 20, T2 20", "42 -": "T1 14", "56 -": "T2 14"}, "PR", "NE NE"),
]  # fmt: skip

DATED_OPTIONS = [
    ("response_date_rule", "first", "PR seen on days 40 and 43",
     {0: "T1 20, T2 20", "40 W06": "T1 14", "43 W06": "T2 14"}, "43 PR", "40 PR"),
    ("pd_date_rule", "last", "PD seen on days 40 and 43",
     {0: "T1 20, T2 20", "40 W06": "T1 30", "43 W06": "T2 30"}, "40 PD", "43 PD"),
]  # fmt: skip

BOUND = [  # partial_other and partial_cap_mm have a meaning only together
    ("partial_other", {"partial_cap_mm": 40}, "bound", "30 to 70 mm of 100",
     {0: "T1 50, T2 50", 42: "T1 30, T2 nd"}, "NE", "PR"),
    ("partial_cap_mm", {"partial_other": "bound", "partial_cap_mm": 41}, 40, "30 to 70 mm of 100",
     {0: "T1 50, T2 50", 42: "T1 30, T2 nd"}, "NE", "PR"),
]  # fmt: skip


def answers(scans, rules=None):
    return " ".join(point.overall for point in respond(scans, rules))


def dated(scans, rules=None):
    return ", ".join(f"{after(point.date)} {point.overall}" for point in respond(scans, rules))


@pytest.mark.parametrize(
    ("scans", "claim", "rules"),
    [
        pytest.param(scans, claim, dict(*rules), id=f"{section}: {story}")
        for section, story, scans, claim, *rules in STORIES
    ],
)
def test_overall_response_is_the_claim(scans, claim, rules):
    assert answers(scans, rules) == claim


@pytest.mark.parametrize(
    ("option", "value", "scans", "default", "other"),
    [
        pytest.param(option, value, scans, default, other, id=f"{option} {value}: {story}")
        for option, value, story, scans, default, other in OPTIONS
    ],
)
def test_an_option_changes_the_response_as_it_says(option, value, scans, default, other):
    assert answers(scans) == default
    assert answers(scans, {option: value}) == other


@pytest.mark.parametrize(
    ("option", "value", "story", "scans", "default", "other"), DATED_OPTIONS, ids=lambda v: str(v)
)
def test_an_option_changes_the_date_as_it_says(option, value, story, scans, default, other):
    assert dated(scans) == default
    assert dated(scans, {option: value}) == other


@pytest.mark.parametrize(
    ("option", "rules", "value", "story", "scans", "before", "other"), BOUND, ids=lambda v: str(v)
)
def test_a_bound_needs_its_cap(option, rules, value, story, scans, before, other):
    assert answers(scans, rules) == before
    assert answers(scans, {**rules, option: value}) == other


DATES = [  # section, story, scans, day and response of each time point
    ("E09 4.4.1", "a response is dated by the last scan of its time point",
     {0: "T1 20, T2 20", "40 W06": "T1 14", "43 W06": "T2 14"}, "43 PR"),
    ("E09 4.4.1", "PD by the sum is dated by the first scan of its time point",
     {0: "T1 20, T2 20", "40 W06": "T1 30", "43 W06": "T2 30"}, "40 PD"),
    ("E09 4.3.5", "a new lesion is dated by the scan that shows it",
     {0: "T 20", "40 W06": "T 20", "43 W06": "L 12"}, "43 PD"),
    ("E09 4.3.4", "a non-target that progresses is dated by the scan that shows it",
     {0: "T 20, N +", "40 W06": "T 20", "43 W06": "N ++"}, "43 PD"),
    ("E09 4.3.1", "PD by the sum before a new lesion: the first scan that shows it",
     {0: "T 20", "40 W06": "T 26", "43 W06": "L 12"}, "40 PD"),
    ("E09 4.3.5", "a confirmed equivocal lesion is dated by its first sighting",
     {0: "T 20", "40 W06": "T 20", "43 W06": "L 6?", 84: "T 20, L 12"}, "43 PD, 84 PD"),
    ("E09 4.3.5", "a confirmed FDG-PET is dated by the PET",
     {0: "T 20", 42: "T 20, L +@PET", 84: "T 20, L 12@CT"}, "42 PD, 84 PD"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("scans", "claim"),
    [pytest.param(scans, claim, id=f"{sec}: {story}") for sec, story, scans, claim in DATES],
)
def test_a_time_point_is_dated_by_the_scan_that_the_rule_names(scans, claim):
    assert dated(scans) == claim


MARKERS = [  # E09 4.3.3: CR of non-targets needs normal markers
    # markers normal?, if_collected, always, never
    (True, "CR", "CR", "CR"),
    (False, "PR", "PR", "CR"),
    (None, "CR", "PR", "CR"),
]


@pytest.mark.parametrize(("are_normal", "if_collected", "always", "never"), MARKERS)
def test_cr_needs_normal_markers_as_the_option_says(are_normal, if_collected, always, never):
    claims = {"if_collected": if_collected, "always": always, "never": never}

    assert {rule: with_markers(are_normal, rule) for rule in claims} == claims


def with_markers(are_normal, rule):
    rows = rows_of({0: "T 20, N +", 42: "T gone, N gone"})
    markers = () if are_normal is None else [(day(42), are_normal)]
    points, _ = assess_subject(rows, ResponseRules(markers_required=rule), day(0), markers=markers)
    return points[0].overall


def test_a_lesion_back_after_cr_that_the_option_lets_pass_is_a_finding():
    rows = rows_of({0: "T 20", 42: "T gone", 84: "T 3"})
    found = {
        rule: [finding.code for finding in assess_subject(rows, rules_of(rule), day(0))[1]]
        for rule in ("pd", "threshold_only", "flag")
    }

    assert found["pd"] == found["threshold_only"] == []
    assert len(found["flag"]) == 1


def rules_of(reappear_after_cr):
    return ResponseRules(reappear_after_cr=reappear_after_cr)


def test_sums_are_exact_where_binary_floats_are_not():
    points = respond({0: "T1 3.3, T2 4.4, T3 2.2", 42: "T1 2.2, T2 3.3, T3 1.43"})

    assert points[0].baseline_sum_um == 9_900
    assert points[0].sum_um == 6_930  # 0.7 x 9.9 exactly
    assert points[0].overall == "PR"


def test_a_length_keeps_its_micrometres():
    scans = {0: "T 20, N +", 42: "T gone, N +", 84: "T 4.95, N +"}

    assert [point.sum_um for point in respond(scans)] == [0, 4_950]


def test_nadir_is_the_smallest_complete_sum_before_the_time_point():
    scans = {0: "T1 30, T2 30", 42: "T1 20, T2 20", 84: "T1 5, T2 nd", 126: "T1 22, T2 22"}
    points = respond(scans)

    assert [point.sum_um for point in points] == [40_000, None, 44_000]
    assert [point.nadir_sum_um for point in points] == [60_000, 40_000, 40_000]


def test_a_response_names_the_rows_that_it_compared():
    by_pr, by_pd, by_sd = respond({0: "T 50", 42: "T 30", 84: "T 36", 126: "T 35.5"})

    assert {source.line for source in by_pr.sources} == {2, 3}  # its scan and baseline
    assert {source.line for source in by_pd.sources} == {3, 4}  # its scan and the nadir
    assert {source.line for source in by_sd.sources} >= {3, 5}


def test_without_a_reference_date_the_earliest_visit_is_baseline_and_the_reason_says_so():
    points = respond({-20: "T 50", -5: "T 40", 42: "T 32"}, reference_date=None)

    assert [point.baseline_sum_um for point in points] == [50_000, 50_000]
    assert [point.overall for point in points] == ["SD", "PR"]
    assert all("no reference date" in point.reason for point in points)


def test_an_unlabelled_time_point_begins_with_its_first_scan():
    scans = {"0 -": "T1 20, T2 20", "42 -": "T1 14", "50 -": "T2 14", "57 -": "T1 14, T2 14"}

    assert dated(scans) == "50 PR, 57 PR"


READERS = {  # the same patient as two readers saw it: other lesions, other sums
    "READER 1": ({0: "T 50", 42: "T 30", 84: "T 36"}, "PR PD"),
    "READER 2": ({0: "T1 50, T2 20", 42: "T1 60, T2 20", 84: "T1 48, T2 1"}, "SD PR"),
    "READER 3": ({0: "N +", 42: "N +", 84: "N gone, L 12"}, f"{NON_PD} PD"),
}


def test_readers_are_never_mixed():
    rows = [
        row for reader, (scans, _) in READERS.items() for row in rows_of(scans, evaluator=reader)
    ]
    points = respond_to(rows, ResponseRules())
    found = {
        reader: " ".join(point.overall for point in points if point.evaluator == reader)
        for reader in READERS
    }

    assert found == {reader: claim for reader, (_, claim) in READERS.items()}


def test_a_missing_baseline_of_one_reader_is_an_error_of_that_reader_alone():
    rows = rows_of({0: "T 50", 42: "T 30"}, evaluator="READER 1")
    rows += rows_of({42: "T 30", 84: "T 40"}, evaluator="READER 2")
    points, findings = assess_subject(rows, ResponseRules(), day(0))

    assert [(point.evaluator, point.overall) for point in points] == [("READER 1", "PR")]
    assert [(f.severity, f.code, "READER 2" in f.message) for f in findings] == [
        ("error", "missing-baseline", True)
    ]


def test_thresholds_are_ratios_of_whole_numbers():
    limits = Limits(ResponseRules())

    assert limits.is_partial_response(7, 10)
    assert not limits.is_partial_response(8, 10)
    assert limits.is_progression(30_000, 25_000)
    assert not limits.is_progression(29_999, 25_000)


def test_a_fragment_is_no_lesion_of_its_own():
    rules = ResponseRules()
    visits = assemble_visits(rows_of({0: "T 40", 42: "T split, TA 15<T, TB 13<T"}), rules)

    assert list(declare(visits[0], visits, Limits(rules)).targets) == ["T"]
