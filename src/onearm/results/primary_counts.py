"""The verdict on a response rate by the counts of the design: one exact stage, or two.

Takes rows that were written down, gives rows. One stage is met with so many responders that under
the null rate as many or more have a probability of at most alpha; two stages are met as the
inference after them decides. Before as many subjects as the design needs, or a stop after the
first stage, the verdict is withheld; a study whose state is closed has reached its end.
"""

from __future__ import annotations

from fractions import Fraction

from onearm.design.binomial import at_least
from onearm.protocol.endpoints import PROPORTIONS
from onearm.protocol.model import SimonDesign, SingleStageDesign
from onearm.results.ledger import Entry, Ledger, Population
from onearm.results.model import Row
from onearm.results.plan import ALL, Analysis
from onearm.results.two_stage import CLOSED, STOPPED
from onearm.terms import Kind


def add_primary_count(ledger: Ledger, population: Population, analysis: Analysis) -> None:
    """Add the verdict of an exact or a two-stage design, where its rate and design exist."""
    protocol, planned = population.protocol, population.protocol.design
    endpoint = next((e.id for e in protocol.endpoints.primary if e.id in PROPORTIONS), "")
    wanted = {
        "count": f"{endpoint}/all/count", "total": f"{endpoint}/all/total",
        "n": "design/all/n", "r": "design/all/r", "promising": "orr.two-stage/all/promising",
    }  # fmt: skip
    ids = set(wanted.values())
    known = {row.id: row for row in ledger.rows if row.id in ids}
    rows = {name: known[one] for name, one in wanted.items() if one in known}
    if not {"count", "total", "n", "r"} <= rows.keys():
        return
    entry = Entry(analysis, ALL)
    if isinstance(planned, SimonDesign):
        if endpoint == "orr":
            _add_two_stages(ledger, entry, planned, rows)
    elif isinstance(planned, SingleStageDesign):
        status = protocol.study.status
        is_closed = status is not None and status.state in CLOSED
        _add_one_stage(ledger, entry, planned, rows, is_closed=is_closed)


def _number(row: Row) -> int:
    return int(row.value or 0)


def _add_two_stages(
    ledger: Ledger, entry: Entry, planned: SimonDesign, rows: dict[str, Row]
) -> None:
    subjects, n, r = (_number(rows[name]) for name in ("total", "n", "r"))
    decided = rows.get("promising")
    needed = r + 1 if decided is None or subjects == n else None
    stopped = decided is not None and decided.note == STOPPED
    rule = f"Simon's two stages against {planned.p0}, one-sided alpha {planned.alpha}"
    _add(
        ledger, entry, rows, None if decided is None else decided.code, needed, rule,
        is_reached=stopped or subjects >= n,
        without=STOPPED if stopped else "decided by the p-value of the design",
    )  # fmt: skip


def _add_one_stage(
    ledger: Ledger,
    entry: Entry,
    planned: SingleStageDesign,
    rows: dict[str, Row],
    *,
    is_closed: bool,
) -> None:
    subjects, n, r = (_number(rows[name]) for name in ("total", "n", "r"))
    needed: int | None = r + 1
    if subjects > n or is_closed:
        null, alpha = Fraction(planned.p0), Fraction(planned.alpha)
        counts = range(subjects + 1)
        needed = next((k for k in counts if at_least(k, subjects, null) <= alpha), None)
    code = None
    if subjects >= n or is_closed:
        code = "Y" if needed is not None and _number(rows["count"]) >= needed else "N"
    rule = f"exact binomial test against {planned.p0}, one-sided alpha {planned.alpha}"
    _add(
        ledger, entry, rows, code, needed, rule, is_reached=subjects >= n,
        without="no count meets the rule",
    )  # fmt: skip


def _add(
    ledger: Ledger,
    entry: Entry,
    rows: dict[str, Row],
    code: str | None,
    needed: int | None,
    rule: str,
    *,
    is_reached: bool,
    without: str,
) -> None:
    """Add the verdict with what it stands on; ``without`` says why no count is needed."""
    responders, subjects, n = (_number(rows[name]) for name in ("count", "total", "n"))
    basis = rows["count"].basis
    assert basis is not None  # a rate is counted over subjects
    when = "the declared analysis" if is_reached else "before the declared analysis"
    closed = "; the study is closed" if code and not is_reached else ""
    told = f"{when}: {subjects} of {n} subjects{closed}"
    ledger.add(entry, "met", Kind.CODE, code=code, note=told, method=rule, basis=basis,
               formula=f"{responders} responders")  # fmt: skip
    ledger.add(entry, "reached", Kind.CODE, code="Y" if is_reached else "N", note=told, basis=basis)
    ledger.share(entry, responders, subjects, basis)
    ledger.add(
        entry, "needed", Kind.COUNT, needed, method=rule, basis=basis,
        note=None if needed is not None else without,
    )  # fmt: skip
    ledger.add(
        entry, "planned_subjects", Kind.COUNT, n, basis=basis, formula="by the planned design"
    )
