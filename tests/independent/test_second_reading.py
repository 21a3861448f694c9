"""RECIST 1.1 and iRECIST read a second time, from their prose, and compared on random patients.

Nothing here is taken from the package but the words of its answers. Sizes are
fractions of a millimetre. Sections: Eisenhauer EA, et al. Eur J Cancer
2009;45:228-247 (E09); the study's choices are the defaults.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from random_patients import FIRST_DOSE, Scan, random_patient, rows_of

from onearm.clinical.best import Circumstances, best_response
from onearm.clinical.timepoints import assess_subject
from onearm.protocol.response import ResponseRules

PATIENTS = 5_000
BATCHES = 10
RULES = ResponseRules()


# The second reading: lesions


def of_kind(scan, kind):
    return {name: seen for name, seen in scan.lesions.items() if seen.kind == kind}


def size_of(seen):
    """What one record adds to the sum, None when the lesion was not assessed (4.3.2)."""
    if seen is None or seen.state == "NOT DONE":
        return None
    if seen.size is not None:
        return seen.size
    return {"TOO SMALL": Fraction(5), "ABSENT": Fraction(0), "MERGED": Fraction(0)}.get(seen.state)


def value_of(name, scan):
    """What a target adds: itself, or its fragments once it has split."""
    seen = scan.lesions.get(name)
    if seen is not None and seen.state == "SPLIT":
        parts = [size_of(part) for part in scan.lesions.values() if part.parent == name]
        return None if None in parts else sum(parts)
    return size_of(seen)


def sum_of(values):
    return None if None in values or not values else sum(values)


def is_pd(total, nadir):
    return total >= nadir * Fraction(12, 10) and total - nadir >= 5


def target_response(values, nodes, baseline, nadir, had_cr):
    if not values:
        return None
    if baseline is None:
        return "NE"
    known = {name: value for name, value in values.items() if value is not None}
    standing = [name for name, v in known.items() if (v >= 10 if name in nodes else v > 0)]
    if standing and had_cr:
        return "PD"
    if len(known) < len(values):
        return "PD" if is_pd(sum(known.values()), nadir) else "NE"
    if not standing:
        return "CR"
    total = sum(known.values())
    if is_pd(total, nadir):
        return "PD"
    return "PR" if total <= baseline * Fraction(7, 10) else "SD"


def what_follows(name, later, uncertain, certain):
    """Whether an uncertain finding is confirmed by what is next seen of it for certain."""
    for scan in later:
        seen = scan.lesions.get(name)
        if seen is None or seen.state == "NOT DONE" or uncertain(seen):
            continue
        return certain(seen)
    return False


def non_target_response(scan, later, baseline, had_cr):
    declared = of_kind(baseline, "non-target")
    if not declared:
        return None
    seen = {name: scan.lesions.get(name) for name in declared}
    assessed = {n: s for n, s in seen.items() if s is not None and s.state != "NOT DONE"}

    def progresses(name, lesion):
        if lesion.state == "EQUIVOCAL":
            return what_follows(
                name,
                later,
                lambda s: s.state == "EQUIVOCAL",
                lambda s: s.state == "UNEQUIVOCAL PROGRESSION",
            )
        return lesion.state == "UNEQUIVOCAL PROGRESSION"

    def is_gone(lesion):
        if lesion.is_node and lesion.size is not None:
            return lesion.size < 10
        return lesion.state == "ABSENT"

    if any(progresses(name, lesion) for name, lesion in assessed.items()):
        return "PD"
    standing = [name for name, lesion in assessed.items() if not is_gone(lesion)]
    if standing and had_cr:
        return "PD"
    if len(assessed) < len(declared):
        return "NE"
    return "NON-CR/NON-PD" if standing else "CR"


def shown_new_lesions(scan, later, has_baseline_pet):
    """Return the new lesions that a scan shows beyond doubt, or that a later one confirms."""

    def is_there(seen):
        too_small = seen.is_node and seen.size is not None and seen.size < 10
        return seen.state not in ("ABSENT", "NOT DONE") and not too_small

    def is_uncertain(seen):
        pet_alone = seen.method == "FDG-PET" and not has_baseline_pet
        return is_there(seen) and (seen.state == "EQUIVOCAL" or pet_alone)

    return [
        name
        for name, seen in of_kind(scan, "new").items()
        if (
            what_follows(name, later, is_uncertain, is_there)
            if is_uncertain(seen)
            else is_there(seen)
        )
    ]


def overall_response(target, non_target, has_new):
    if has_new or "PD" in (target, non_target):
        return "PD"
    if target is None:
        return non_target or "NED"
    if target == "CR" and non_target not in (None, "CR"):
        return "PR"
    return target


def read(scans):
    """Return (day, sum, nadir, target, non-target, new, overall) of each scan after baseline."""
    baseline = scans[0]
    targets = of_kind(baseline, "target")
    nodes = {name for name, seen in targets.items() if seen.is_node}
    first = sum_of([value_of(name, baseline) for name in targets])
    nadir, had_cr, has_new = first, False, False
    has_pet = any(seen.method == "FDG-PET" for seen in baseline.lesions.values())
    answers = []
    for i, scan in enumerate(scans[1:], start=1):
        later = scans[i + 1 :]
        values = {name: value_of(name, scan) for name in targets}
        total = sum_of(list(values.values()))
        target = target_response(values, nodes, first, nadir, had_cr)
        non_target = non_target_response(scan, later, baseline, had_cr)
        has_new = has_new or bool(shown_new_lesions(scan, later, has_pet))
        overall = overall_response(target, non_target, has_new)
        answers.append((scan.day, total, nadir, target, non_target, has_new, overall))
        had_cr = had_cr or overall == "CR"
        if total is not None:
            nadir = total if nadir is None else min(nadir, total)
    return answers


# The second reading: iRECIST (Seymour 2017, I17)

WITH_AN_I = {
    "CR": "iCR",
    "PR": "iPR",
    "SD": "iSD",
    "NE": "NE",
    "NED": "NED",
    "NON-CR/NON-PD": "NON-iCR/NON-iUPD",
}
ORDER = {"CR": 0, "PR": 1, "SD": 2}


def new_sizes(scan, names):
    """Return the size of each, 0 when gone, None when not measured."""
    seen = {name: scan.lesions.get(name) for name in names}
    return {
        name: None if lesion is None else Fraction(0) if lesion.state == "ABSENT" else lesion.size
        for name, lesion in seen.items()
    }


def is_measurable(name, scan, targets):
    """A new target: 10 mm, a node 15 mm; at most five, two of them nodes (no organ is named)."""
    seen = scan.lesions[name]
    least = 15 if seen.is_node else 10
    has_room = len(targets) < 5 and not (seen.is_node and sum(targets.values()) >= 2)
    return seen.size is not None and seen.size >= least and has_room


def has_grown(now, then):
    return now is not None and then is not None and now - then >= 5


def is_less(now, then):
    return now is not None and then is not None and now < then


def read_irecist(scans):
    """Return the letters of each scan after baseline; None after iCPD."""
    has_pet = any(seen.method == "FDG-PET" for seen in scans[0].lesions.values())
    new_targets, new_others = {}, set()
    nadir, pending, letters = None, None, []
    for i, (day, total, _, target, non_target, _, _) in enumerate(read(scans), start=1):
        if letters and letters[-1] in ("iCPD", None):
            letters.append(None)
            continue
        if pending and day - pending["day"] < 28:
            letters.append("iUPD")  # ignored entirely
            continue
        scan = scans[i]
        shown = shown_new_lesions(scan, scans[i + 1 :], has_pet)
        added = [name for name in shown if name not in new_targets and name not in new_others]
        for name in added:
            if is_measurable(name, scan, new_targets):
                new_targets[name] = scan.lesions[name].is_node
            else:
                new_others.add(name)
        sizes = new_sizes(scan, new_targets)
        new_total, others = sum_of(list(sizes.values())), new_sizes(scan, new_others)
        all_known = [*new_targets, *new_others]
        standing = [n for n in all_known if not is_gone_for_sure(scan.lesions.get(n))]
        non_targets = of_kind(scan, "non-target")
        now = {
            "day": day, "sum": total, "target": target, "non-target": non_target,
            "new": new_total, "others": others,
            "sizes": {n: seen.size for n, seen in non_targets.items() if seen.size is not None},
        }  # fmt: skip
        causes = set()
        if target == "PD":
            causes.add("target")
        if non_target == "PD":
            causes.add("non-target")
        over_nadir = new_total is not None and nadir is not None and is_pd(new_total, nadir)
        if added or over_nadir:
            causes.add("new")
        if new_total is not None:
            nadir = new_total if nadir is None or added else min(nadir, new_total)
        if pending is None:
            if causes:
                pending = {**now, "causes": causes}
                letters.append("iUPD")
            else:
                letters.append(letter_of(target, non_target, standing))
        elif confirms(now, pending, non_targets, added):
            letters.append("iCPD")
        elif letter_of(target, non_target, []) == "NE":
            letters.append("NE")
        elif resolves(now, pending, standing):
            pending = None
            letters.append(letter_of(target, non_target, standing))
        else:
            letters.append("iUPD")
    return letters


def is_gone_for_sure(seen):
    return seen is not None and seen.state == "ABSENT"


def letter_of(target, non_target, standing):
    if "PD" in (target, non_target):
        return "PD"
    letter = WITH_AN_I[overall_response(target, non_target, has_new=False)]
    if letter == "iCR" and standing:
        return "NON-iCR/NON-iUPD" if target is None else "iPR"
    return letter


def confirms(now, pending, non_targets, added):
    """I17, table 2: more of what progressed, or what did not progress before."""
    causes = pending["causes"]
    grown_others = [
        name
        for name, size in now["others"].items()
        if size is not None and pending["others"].get(name) is not None
        and size > pending["others"][name]
    ]  # fmt: skip
    further = any(seen.state == "UNEQUIVOCAL PROGRESSION" for seen in non_targets.values()) or any(
        size > pending["sizes"].get(name, size) for name, size in now["sizes"].items()
    )
    return bool(
        ("target" in causes and has_grown(now["sum"], pending["sum"]))
        or ("target" not in causes and now["target"] == "PD")
        or ("non-target" not in causes and now["non-target"] == "PD")
        or ("non-target" in causes and further)
        or added
        or grown_others
        or has_grown(now["new"], pending["new"])
    )


def resolves(now, pending, standing):
    """No category progresses any more; after new lesions something must have improved."""
    if "PD" in (now["target"], now["non-target"]):
        return False
    if "new" not in pending["causes"]:
        return True
    return (
        not standing
        or ORDER.get(now["target"], 3) < ORDER.get(pending["target"], 3)
        or is_less(now["sum"], pending["sum"])
        or is_less(now["new"], pending["new"])
        or (now["non-target"] == "CR" and pending["non-target"] != "CR")
    )


# The second reading: best response


def sequence_of(answers):
    """Return (day, response) up to the first PD; PR after CR is PD (table 3, footnote)."""
    found = []
    for day, *_, overall in answers:
        if overall == "PR" and "CR" in [response for _, response in found]:
            overall = "PD"
        found.append((day, overall))
        if overall == "PD":
            break
    return found


def is_confirmed_by(found, i, j):
    (first_day, first), (last_day, last) = found[i], found[j]
    between = [response for _, response in found[i + 1 : j]]
    if last_day - first_day < 28 or between.count("NE") > 1:
        return False
    if first == "CR":
        return last == "CR" and set(between) <= {"CR", "NE"}
    return last in ("CR", "PR") and set(between) <= {"CR", "PR", "NE"}


def best_of(found):
    """Return (best, confirmed best, day of response, day of its confirmation)."""
    pairs = []
    for i, (day, response) in enumerate(found):
        confirming = [
            found[j][0]
            for j in range(i + 1, len(found))
            if response in ("CR", "PR") and is_confirmed_by(found, i, j)
        ]
        if confirming:
            pairs.append((day, confirming[0], response))
    responses = [response for _, response in found]
    late = [response for day, response in found if day >= 42]

    def without_response(*as_sd):
        if any(response in as_sd for response in late):
            return "SD"
        if "NON-CR/NON-PD" in late:
            return "NON-CR/NON-PD"
        return next((r for r in ("NED", "PD") if r in responses), "NE")

    best = next((r for r in ("CR", "PR") if r in responses), None) or without_response("SD")
    kinds = [response for *_, response in pairs]
    confirmed = next((r for r in ("CR", "PR") if r in kinds), None)
    confirmed = confirmed or without_response("SD", "CR", "PR")
    return best, confirmed, *(pairs[0][:2] if pairs else (None, None))


# The comparison


def day_of(date):
    return None if date is None else (date - FIRST_DOSE).days


def millimetres(length_um):
    return None if length_um is None else Fraction(length_um, 1000)


def answers_of(scans):
    points, findings = assess_subject(rows_of(scans), RULES, FIRST_DOSE)
    assert not findings
    told = [
        (
            day_of(p.date), millimetres(p.sum_um), millimetres(p.nadir_sum_um),
            p.target, p.non_target, p.new_lesion, p.overall,
        )
        for p in points
    ]  # fmt: skip
    best = best_response("S01", "INVESTIGATOR", points, RULES, Circumstances(FIRST_DOSE))
    return told, (
        best.best,
        best.confirmed_best,
        day_of(best.confirmed_response_date),
        day_of(best.confirming_date),
    )


@pytest.mark.parametrize("batch", range(BATCHES))
def test_two_readings_agree_on_random_patients(batch):
    size = PATIENTS // BATCHES
    for seed in range(batch * size, (batch + 1) * size):
        scans = random_patient(seed)
        second = read(scans)
        told, best = answers_of(scans)

        assert told == second, seed
        assert best == best_of(sequence_of(second)), seed


def test_random_patients_reach_every_response_and_many_ties():
    found, ties = Counter(), 0
    for seed in range(500):
        answers = read(random_patient(seed))
        for _, total, nadir, *_, overall in answers:
            found[overall] += 1
            if total and nadir:
                first = answers[0][2]  # before the first scan the baseline sum is the nadir
                ties += total * 10 in (nadir * 12, (first or 0) * 7) or total - nadir == 5
    best = Counter(best_of(sequence_of(read(random_patient(seed))))[1] for seed in range(500))

    assert set(found) == {"CR", "PR", "SD", "PD", "NE", "NON-CR/NON-PD", "NED"}
    assert min(found.values()) >= 10
    assert set(best) >= {"CR", "PR", "SD", "PD", "NE", "NON-CR/NON-PD", "NED"}
    assert ties >= 100


def completed(scans):
    """Return the scans with every lesion of baseline assessed: 1H is silent on missing ones."""
    full = [scans[0]]
    for scan in scans[1:]:
        lesions = dict(scan.lesions)
        for name, first in scans[0].lesions.items():
            seen = lesions.get(name)
            if first.kind != "new" and (seen is None or seen.state == "NOT DONE"):
                lesions[name] = full[-1].lesions[name]
        full.append(Scan(scan.day, lesions))
    return full


@pytest.mark.parametrize("batch", range(BATCHES))
def test_two_readings_of_irecist_agree_on_random_patients(batch):
    size = PATIENTS // BATCHES
    for seed in range(batch * size, (batch + 1) * size):
        scans = completed(random_patient(seed, with_splits=False))
        if any(value.state == "NOT DONE" for value in scans[0].lesions.values()):
            continue
        if not {"target", "non-target"} & {seen.kind for seen in scans[0].lesions.values()}:
            continue  # no disease at baseline has no letter while a new lesion stands
        points, _ = assess_subject(rows_of(scans), RULES, FIRST_DOSE)

        assert [point.irecist for point in points] == read_irecist(scans), seed
