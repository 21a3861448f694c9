"""``onearm simulate --search``: the cheapest design of a grid that keeps its promises, and why.

Reads the grid, runs every design on the same patients of each scenario, and
shows the winner beside its neighbours: the cheaper ones that break a promise,
the dearer ones that keep all.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from onearm.errors import InputError, nearest
from onearm.format import count_of, number, percent, text_table
from onearm.io.yaml import read_yaml
from onearm.pipeline.simulate import Options, Report, load_scenario, plan_of
from onearm.protocol.parse import validate
from onearm.sim.plan import Plan
from onearm.sim.search import Grid, Outcome, search

SHOWN = 12
NEAR = "The winner lies within two errors of a limit: confirm it with more trials."


@dataclass(frozen=True, slots=True)
class Searched:
    """All designs of a grid, those that keep every promise first, by rising cost."""

    study: str
    grid: Grid
    trials: int
    outcomes: tuple[Outcome, ...]
    page: Path | None

    @property
    def winner(self) -> Outcome | None:
        """The cheapest design that keeps every promise."""
        return next((one for one in self.outcomes if not one.broken), None)

    def why(self) -> str:
        """Return in words why the winner won."""
        winner, kept = self.winner, sum(not one.broken for one in self.outcomes)
        designs = count_of(len(self.outcomes), "design")
        if winner is None:
            best = min(self.outcomes, key=lambda one: (len(one.broken), one.cost))
            return (
                f"None of {designs} keeps every promise; {best.design} breaks fewest: "
                f"{', '.join(best.broken)}."
            )
        cheaper = sum(one.cost < winner.cost for one in self.outcomes)
        return (
            f"{winner.design} is the cheapest of the {kept} of {designs} that keep every promise: "
            f"it costs {number(winner.cost, 2)}. {count_of(cheaper, 'design')} would cost less, "
            "and each breaks a promise."
        )

    def shown(self) -> list[Outcome]:
        """Return the winner's neighbours by cost: cheaper ones that fail, dearer ones that hold."""
        winner = self.winner
        if winner is None:
            return sorted(self.outcomes, key=lambda one: (len(one.broken), one.cost))[:SHOWN]
        cheaper = [one for one in self.outcomes if one.broken and one.cost <= winner.cost]
        # The cheaper ones that come nearest to keeping all.
        near = sorted(cheaper, key=lambda one: (len(one.broken), -one.cost))[: SHOWN // 2]
        kept = [one for one in self.outcomes if not one.broken][: SHOWN // 2]
        return [*kept, *near]

    def header(self) -> tuple[str, ...]:
        """Return the columns of the table."""
        names = [*self.grid.null, *self.grid.alternative]
        return ("Design", "Cost", *(f"P(success) {name}" for name in names), "Months", "Verdict")

    def row(self, one: Outcome) -> tuple[str, ...]:
        """Return one line of the table; the error of a probability in brackets."""
        shares = [
            f"{percent(one.by_scenario[name].success)} % ({percent(one.by_scenario[name].error)})"
            for name in (*self.grid.null, *self.grid.alternative)
        ]
        months = number(one.by_scenario[self.grid.null[0]].months, 1)
        verdict = "wins" if one is self.winner else _verdict(one)
        return (str(one.design), number(one.cost, 2), *shares, months, verdict)

    def as_text(self) -> str:
        """Return why the winner won, and its neighbours."""
        alpha, power = percent(self.grid.alpha, 1), percent(self.grid.power, 1)
        null, wanted = ", ".join(self.grid.null), ", ".join(self.grid.alternative)
        designs = count_of(len(self.outcomes), "design")
        promises = f"Promises: P(success) at most {alpha} % under {null}, "
        promises += f"at least {power} % under {wanted}"
        lines = [
            f"{self.study}: {designs}, {count_of(self.trials, 'trial')} each, the same patients",
            promises,
            "",
            self.why(),
            "",
            text_table(self.header(), [self.row(one) for one in self.shown()]),
        ]
        if self.winner is not None and self.winner.is_near:
            lines += ["", NEAR]
        if self.page is not None:
            lines += ["", f"Page: {self.page}"]
        return "\n".join(lines)

    def as_json(self) -> dict[str, object]:
        """Return every design with what it does in each scenario."""
        return {
            "study": self.study,
            "trials": self.trials,
            "winner": None if self.winner is None else str(self.winner.design),
            "why": self.why(),
            "designs": [
                {
                    "design": str(one.design),
                    "n": one.design.n, "r": one.design.r,
                    "n1": one.design.n1, "r1": one.design.r1,
                    "cost": one.cost,
                    "broken": list(one.broken),
                    "scenarios": {
                        name: {"success": j.success, "error": j.error, "patients": j.patients,
                               "months": j.months}
                        for name, j in one.by_scenario.items()
                    },
                }
                for one in self.outcomes
            ],
        }  # fmt: skip


def _verdict(one: Outcome) -> str:
    return f"breaks {', '.join(one.broken)}" if one.broken else "keeps all"


def search_designs(path: Path, options: Options, report: Report) -> Searched:
    """Search a grid of designs; the scenario gives study and protocol, the grid names scenarios.

    Raises
    ------
    InputError
        If the grid cannot be used or names a scenario that is not there.
    """
    assert options.search is not None  # the caller has checked
    document = read_yaml(options.search)
    grid, findings = validate(Grid, document)
    if grid is None or document.findings:
        raise InputError([*document.findings, *findings])
    folder = path.parent
    known = {file.stem: file for file in sorted(folder.glob("*.yaml"))}
    plans: dict[str, Plan] = {}
    for name in (*grid.null, *grid.alternative):
        if name not in known:
            hint = nearest(name, known)
            raise InputError(f"{options.search.name}: no scenario {name!r} in {folder}{hint}")
        loaded = load_scenario(known[name])
        if grid.n1 and loaded.scenario.interim is None:
            raise InputError(f"{known[name]}: needs `interim` for designs of two stages")
        plans[name] = plan_of(loaded, options)
    outcomes = search(plans, grid, options.trials, report)
    study = next(iter(plans.values())).protocol.study.id
    page = None if options.out is None else options.out / "search.html"
    found = Searched(study, grid, options.trials, outcomes, page)
    if page is not None:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_page(found), encoding="utf-8")
    return found


STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.3em .8em;text-align:left;"
    "border-bottom:1px solid #ccc}tr.wins{font-weight:bold;background:#e8f1fa}"
    "td.num{text-align:right;font-variant-numeric:tabular-nums}"
)


def _page(found: Searched) -> str:
    """Return one page that needs no network: why the winner won, and the table."""

    def line(one: Outcome) -> str:
        cells = found.row(one)
        numeric = range(1, len(cells) - 1)
        body = "".join(
            f'<td class="num">{escape(cell)}</td>' if at in numeric else f"<td>{escape(cell)}</td>"
            for at, cell in enumerate(cells)
        )
        return f'<tr class="{"wins" if one is found.winner else "other"}">{body}</tr>'

    head = "".join(f"<th>{escape(name)}</th>" for name in found.header())
    title = escape(f"{found.study}: search over {len(found.outcomes)} designs")
    promises = escape(found.as_text().splitlines()[1])
    near = f" {NEAR}" if found.winner is not None and found.winner.is_near else ""
    rows = "\n".join(line(one) for one in found.shown())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body><h1>{title}</h1><p>{promises}</p>"
        f"<p><strong>{escape(found.why())}</strong></p><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table><p>A design r1/n1 r/n stops at r1 or fewer responders of "
        f"n1 and fails at r or fewer of n. Cost is the mean over the null scenarios; errors in "
        f"brackets are those of the simulation, {found.trials} trials each on the same patients."
        f"{near}</p></body></html>\n"
    )
