"""The results as sentences, as a paper and a study report tell them.

Each number is placed by its result's id; words agree with 0, 1 and many. A
sentence whose results do not exist is left out. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onearm import format as fmt
from onearm.report.model import Phrase, Span, phrase
from onearm.report.shown import Shown, position
from onearm.report.tables import words
from onearm.report.verdicts import PRIMARY, verdict
from onearm.results.model import Row, slug

MOST_COMMON = 4
TIME_NAMES = {
    "pfs": ("progression-free survival", "had an event"),
    "os": ("overall survival", "had died"),
}


def patient_sentences(shown: Shown) -> Iterator[Phrase]:
    """Yield who was screened, enrolled and treated, who stopped and why, and follow-up."""
    steps = (("screened", "screened"), ("enrolled", "enrolled"), ("treated", "treated"))
    counts = [
        (count, word) for step, word in steps if shown.row(count := f"flow/all/step:{step}/count")
    ]
    told = [
        phrase(
            shown.value(count),
            " " if place else _agrees(shown, count, " patient was ", " patients were "),
            word,
        )
        for place, (count, word) in enumerate(counts)
    ]
    if told:
        yield phrase(_listed(told), ".")
    yield from _treatment(shown)
    for one in shown.protocol.characteristics:
        head = f"baseline/all/{slug(one.id)}"
        if one.kind == "continuous" and shown.has_value(f"{head}/median"):
            ends = phrase(shown.value(f"{head}/minimum"), fmt.EN_DASH,
                          shown.value(f"{head}/maximum"))  # fmt: skip
            unit = f" {one.unit}" if one.unit else ""
            yield phrase(f"The median {_lowered(one.label)} was ",
                         shown.value(f"{head}/median"), f"{unit} (range, ", ends, ").")  # fmt: skip
            break
    if shown.row("follow-up-os/all/median"):
        yield phrase("The median follow-up for survival ", _median(shown, "follow-up-os/all"), ".")


def _treatment(shown: Shown) -> Iterator[Phrase]:
    ongoing, stopped = (f"flow/all/status:{one}/count" for one in ("ongoing", "discontinued"))
    if shown.row(stopped) is None:
        return
    day = shown.protocol.study.data_cutoff
    at = "At the data cut-off" + (f" ({day.isoformat()})" if day else "")
    parts: list[Phrase] = []
    if shown.row(ongoing):
        still = _agrees(shown, ongoing, " patient was", " patients were")
        parts.append(phrase(shown.value(ongoing), still, " still under treatment"))
    noun = "" if parts else _agrees(shown, stopped, " patient", " patients")
    rows = shown.items("flow", "all", "reason:", "count")
    reasons = [
        phrase(shown.value(row.id), f" {_because(shown, row)}")
        for row in sorted(rows, key=lambda row: -position(row))
    ]
    ended = phrase(shown.value(stopped), noun, " had discontinued it" if parts else
                   " had discontinued treatment")  # fmt: skip
    why = phrase(" (", _listed(reasons), ")") if reasons else ()
    yield phrase(at, " ", _listed([*parts, phrase(ended, why)]), ".")


BECAUSE = {  # why treatment stopped: of one patient, of more
    "progressive disease": ("for progressive disease",) * 2,
    "adverse event": ("because of an adverse event", "because of adverse events"),
    "withdrawal of consent": ("by withdrawal of consent",) * 2,
    "death": ("by death",) * 2,
    "lost to follow-up": ("lost to follow-up",) * 2,
    "symptomatic deterioration": ("for symptomatic deterioration",) * 2,
    "physician decision": ("by decision of the physician",) * 2,
    "protocol deviation": ("because of a protocol deviation", "because of protocol deviations"),
    "other": ("for another reason", "for other reasons"),
    "not recorded": ("for a reason that is not recorded", "for reasons that are not recorded"),
}


def _because(shown: Shown, row: Row) -> str:
    """Return why treatment stopped, in words that go with how many."""
    reason = words(row).lower()
    return _agrees(shown, row.id, *BECAUSE.get(reason, (f"for {reason}",) * 2))


def response_sentences(shown: Shown) -> Iterator[Phrase]:
    """Yield the best responses, the rates with their intervals, and the rates by subgroup."""
    complete, partial = (f"bor/all/response:{one}/count" for one in ("cr", "pr"))
    if shown.row(complete) and shown.row(partial):
        yield phrase(
            shown.value(complete), _agrees(shown, complete, " patient", " patients"),
            " had a complete response and ", shown.value(partial), " a partial response.",
        )  # fmt: skip
    rates = [rate for rate in ("orr", "dcr", "cbr") if shown.has_value(f"{rate}/all/estimate")]
    if rates:
        told = [phrase(f"the {rate.upper()} was ", _rate(shown, f"{rate}/all")) for rate in rates]
        yield _capital(phrase(_listed(told), "."))
    groups = [one for one in shown.groups if one != "all" and shown.has_value(f"orr/{one}/count")]
    if groups:
        told = [phrase(_rate(shown, f"orr/{one}"), f" in {shown.groups[one]}") for one in groups]
        yield phrase("By subgroup the ORR was ", _listed(told), ".")
    for analysis, name in (("ttr", "time to response"), ("dor", "duration of response")):
        if shown.row(f"{analysis}/all/median"):
            yield phrase(f"The median {name} ", _median(shown, f"{analysis}/all"), ".")
    if not shown.row(f"{PRIMARY}/subjects"):
        yield from _primary(shown)


def _primary(shown: Shown) -> Iterator[Phrase]:
    """Yield whether the primary endpoint is met, where the study has a verdict or awaits one."""
    met = shown.row(f"{PRIMARY}/met")
    if met is not None:
        first, *others = verdict(shown)
        said = "The primary endpoint was " if met.code else "For the primary endpoint there is "
        yield phrase(said, first._replace(text=_lowered(first.text)), tuple(others))


def time_sentences(shown: Shown) -> Iterator[Phrase]:
    """Yield events, median and landmark rates of PFS and OS, of all and by subgroup."""
    if shown.row(f"{PRIMARY}/subjects"):
        yield from _primary(shown)
    for analysis, (name, ended) in TIME_NAMES.items():
        head = f"{analysis}/all"
        if shown.row(f"{head}/median") is None:
            continue
        events = phrase(
            shown.value(f"{head}/events"), " of ", shown.value(f"{head}/total"),
            _agrees(shown, f"{head}/total", " patient ", " patients "), ended,
        )  # fmt: skip
        parts = [phrase(f"median {name} ", _median(shown, head))]
        parts += [
            phrase(f"the rate at {landmark} was ", _percent(shown, rate), _limits(shown, rate))
            for landmark in shown.protocol.analysis.landmarks
            if shown.has_value(rate := f"{head}/rate_{landmark.suffix}")
        ]
        yield phrase(events, "; ", _listed(parts), ".")
        groups = [
            one for one in shown.groups if one != "all" and shown.row(f"{analysis}/{one}/median")
        ]
        told = [
            phrase(_bare_median(shown, f"{analysis}/{one}"), f" in {shown.groups[one]}")
            for one in groups
        ]
        if told:
            yield phrase(f"By subgroup median {name} was ", _listed(told), ".")


def safety_sentences(shown: Shown) -> Iterator[Phrase]:
    """Yield who had related events, how grave, the most common, and the serious ones."""
    head = "trae/all"
    if shown.row(f"{head}/any_count") is None:
        return
    yield phrase(
        _of_all(shown, f"{head}/any"), " of ", shown.value(f"{head}/total"),
        _agrees(shown, f"{head}/total", " patient", " patients"),
        " had a treatment-related adverse event, ", _of_all(shown, f"{head}/grade_3"),
        " of grade 3 or higher, ", shown.value(f"{head}/grade_5_count"), " of grade 5.",
    )  # fmt: skip
    terms = [row for row in shown.items("trae", "all", "term:", "any_count") if position(row)]
    terms.sort(key=lambda row: (-position(row), words(row).lower()))
    if terms:
        common = [
            phrase(
                f"{_lowered(words(row))} (",
                _percent(shown, row.id.replace("_count", "_estimate")),
                ")",
            )
            for row in terms[:MOST_COMMON]
        ]
        verb = "event was " if len(common) == 1 else "events were "
        yield phrase(f"The most common related {verb}", _listed(common), ".")
    serious = "related-sae/all"
    if shown.row(f"{serious}/any_count"):
        yield phrase(
            shown.value(f"{serious}/event_count"),
            _agrees(shown, f"{serious}/event_count", " related serious adverse event was",
                    " related serious adverse events were"),
            " seen, in ", shown.value(f"{serious}/any_count"),
            _agrees(shown, f"{serious}/any_count", " patient.", " patients."),
        )  # fmt: skip


def _estimate(row: Row) -> str:
    return f"{row.id.removesuffix('_count')}_estimate"


def _agrees(shown: Shown, result_id: str, one: str, many: str) -> str:
    return fmt.by_number(shown.row(result_id), one, many)


def _listed(parts: Sequence[Phrase]) -> Phrase:
    """Return 'a', 'a and b', or 'a, b and c'."""
    if len(parts) < 2:
        return phrase(*parts)
    before = [phrase(part, ", ") for part in parts[:-2]]
    return phrase(*before, parts[-2], " and ", parts[-1])


def _capital(spans: Phrase) -> Phrase:
    first, *others = spans
    return phrase(first._replace(text=first.text[:1].upper() + first.text[1:]), tuple(others))


def _lowered(label: str) -> str:
    """Return a label for the middle of a sentence; abbreviations keep their capitals."""
    first = label.partition(" ")[0]
    return label if first[1:] != first[1:].lower() else label[:1].lower() + label[1:]


def _percent(shown: Shown, result_id: str) -> Phrase:
    return phrase(shown.value(result_id), "%" if shown.has_value(result_id) else "")


def _of_all(shown: Shown, head: str) -> Phrase:
    """Return '11 (36.67%)'; a zero stands alone."""
    count = phrase(shown.value(f"{head}_count"))
    if shown.is_zero(f"{head}_count") or not shown.has_value(f"{head}_estimate"):
        return count
    return phrase(count, " (", _percent(shown, f"{head}_estimate"), ")")


def _rate(shown: Shown, head: str) -> Phrase:
    """Return '36.67% (11/30; 95% CI, 19.93-56.14)'."""
    counts = phrase(shown.value(f"{head}/count"), "/", shown.value(f"{head}/total"))
    ends = phrase(shown.value(f"{head}/lower"), shown.separator, shown.value(f"{head}/upper"))
    level = shown.level
    return phrase(
        _percent(shown, f"{head}/estimate"),
        " (",
        counts,
        f"; {level} CI{shown.after_ci} ",
        ends,
        ")",
    )


def _limits(shown: Shown, rate: str) -> Phrase:
    if shown.row(f"{rate}_lower") is None:
        return ()
    ends = phrase(shown.value(f"{rate}_lower"), shown.separator, shown.value(f"{rate}_upper"))
    return phrase(f" ({shown.level} CI{shown.after_ci} ", ends, ")")


def _median(shown: Shown, head: str) -> Phrase:
    """Return 'was 7.85 months (95% CI, 2.89-23.06)', or 'was not reached (...)'."""
    return phrase("was ", _bare_median(shown, head))


def _bare_median(shown: Shown, head: str) -> Phrase:
    row = shown.row(f"{head}/median")
    ends = phrase(shown.value(f"{head}/lower"), shown.separator, shown.value(f"{head}/upper"))
    limits = phrase(f" ({shown.level} CI{shown.after_ci} ", ends, ")")
    if shown.has_value(f"{head}/median"):
        return phrase(shown.value(f"{head}/median"), " months", limits)
    text = fmt.result(row)
    said = {fmt.NOT_REACHED: "not reached", fmt.NOT_ESTIMABLE: "not estimable"}.get(text, text)
    return phrase(Span(said, f"{head}/median", None if row is None else row.kind.value), limits)
