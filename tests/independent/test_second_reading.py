"""RECIST 1.1 read a second time, from its prose, and compared on random patients.

Nothing here is taken from the package but the words of its answers. Sizes are
fractions of a millimetre. Sections: Eisenhauer EA, et al. Eur J Cancer
2009;45:228-247 (E09); the study's choices are the defaults.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from random_patients import FIRST_DOSE, random_patient, rows_of

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


def shows_new_lesion(scan, later, has_baseline_pet):
    def is_there(seen):
        too_small = seen.is_node and seen.size is not None and seen.size < 10
        return seen.state not in ("ABSENT", "NOT DONE") and not too_small

    def is_uncertain(seen):
        pet_alone = seen.method == "FDG-PET" and not has_baseline_pet
        return is_there(seen) and (seen.state == "EQUIVOCAL" or pet_alone)

    for name, seen in of_kind(scan, "new").items():
        if is_uncertain(seen):
            if what_follows(name, later, is_uncertain, is_there):
                return True
        elif is_there(seen):
            return True
    return False


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
        has_new = has_new or shows_new_lesion(scan, later, has_pet)
        overall = overall_response(target, non_target, has_new)
        answers.append((scan.day, total, nadir, target, non_target, has_new, overall))
        had_cr = had_cr or overall == "CR"
        if total is not None:
            nadir = total if nadir is None else min(nadir, total)
    return answers


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
