"""Published numbers beside ours.

Takes the results of an analysis and the numbers that a publication prints,
gives one verdict a number. What is compared is the text: our value, written
with as many digits as are printed, either is the printed text or is not; there
is no tolerance. Knows no file and no table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from onearm.errors import ResultError, nearest
from onearm.format import like
from onearm.results.model import Comparison, Published, Results, Row

VERDICTS = ("reproduced", "explained", "cannot check", "differs", "unexpected")
UNSETTLED = frozenset({"differs", "unexpected"})
"""The verdicts that somebody has to look at."""


def compare(rows: Results, published: Iterable[Published]) -> tuple[Comparison, ...]:
    """Set each published number beside its result.

    Parameters
    ----------
    rows
        The results of the analysis.
    published
        What is printed, in the order of the answer; a number that cannot be
        checked may name no result.

    Returns
    -------
    tuple of Comparison
        One for each published number. The verdict is ``cannot check`` where the
        published number says so, whatever comes out.

    Raises
    ------
    ResultError
        If a published number names a result that does not exist; the first one.
    """
    known, entries = rows.by_id(), tuple(published)
    for entry in entries:
        if (missing := unknown_result(known, entry)) is not None:
            raise ResultError(f"{entry.id}: {missing}")
    return tuple(_compare(known, entry) for entry in entries)


def unknown_result(known: Collection[str], published: Published) -> str | None:
    """Say which result is not there, with the nearest name; None if it is, or if none is named."""
    if published.result is None or published.result in known:
        return None
    return f"no result {published.result!r}{nearest(published.result, known)}"


def _compare(known: Mapping[str, Row], published: Published) -> Comparison:
    row = None if published.result is None else known[published.result]
    recomputed = None if row is None else like(row, published.printed, published.unit)
    return Comparison(published, row, recomputed, _verdict(published, recomputed))


def _verdict(published: Published, recomputed: str | None) -> str:
    if published.expect == "cannot check":
        return "cannot check"
    is_same = recomputed == published.printed
    if published.expect == "differs":
        return "unexpected" if is_same else "explained"
    return "reproduced" if is_same else "differs"


def summary(comparisons: Iterable[Comparison]) -> dict[str, int]:
    """Return how many comparisons have each verdict, every verdict named."""
    found = Counter(comparison.verdict for comparison in comparisons)
    return {verdict: found[verdict] for verdict in VERDICTS}


def summary_text(comparisons: Sequence[Comparison]) -> str:
    """Return the counts in one sentence.

    >>> summary_text(())
    '0 published numbers: 0 reproduced, 0 explained, 0 cannot be checked, 0 differ'
    """
    counts = summary(comparisons)
    text = (
        f"{len(comparisons)} published numbers: {counts['reproduced']} reproduced, "
        f"{counts['explained']} explained, {counts['cannot check']} cannot be checked, "
        f"{counts['differs']} differ"
    )
    unexpected = counts["unexpected"]
    return f"{text}, {unexpected} reproduced although said to differ" if unexpected else text
