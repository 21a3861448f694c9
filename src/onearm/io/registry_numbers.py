"""Numbers of a registry record: text that knows the results it is printed from.

Takes result rows, gives their values as the registry prints them, the group that
they are of, and how many were analysed. NA where a result has no value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from onearm.format import months, number, p_value, percent
from onearm.protocol.model import Protocol
from onearm.results.model import Row

DECIMALS = 2
Json = dict[str, object]


class Traced(str):
    """A number as text that knows the results it was printed from."""

    __slots__ = ("results",)
    results: str

    @classmethod
    def of(cls, text: object, *results: str) -> Traced:
        """Return a text with the ids of its results."""
        made = cls(text)
        made.results = " - ".join(results)
        return made


def traces(found: object, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield each number of a record: its path, its text, the results it comes from."""
    if isinstance(found, Traced):
        yield path, str(found), found.results
    elif isinstance(found, dict):
        for key, inner in found.items():
            yield from traces(inner, f"{path}.{key}" if path else key)
    elif isinstance(found, list):
        for place, inner in enumerate(found):
            yield from traces(inner, f"{path}[{place}]")


def group(protocol: Protocol, name: str) -> Json:
    """Return the one group of a module, by the name that the module gives it."""
    arm = protocol.study.arm
    described = {"description": arm.description} if arm.description else {}
    return {"id": name, "title": arm.title, **described}


def count(rows: Mapping[str, Row], name: str) -> int | None:
    """Return a result that is a count; None where it is absent."""
    row = rows.get(name)
    return None if row is None or row.value is None else int(row.value)


def denoms(group: str, total: Traced) -> list[Json]:
    """Return how many participants of a group were analysed."""
    return [{"units": "Participants", "counts": [{"groupId": group, "value": total}]}]


def shown_number(row: Row) -> Traced:
    """Return a number with two decimals."""
    return Traced.of("NA" if row.value is None else number(row.value, DECIMALS), row.id)


def shown_percent(row: Row) -> Traced:
    """Return a proportion in percent, with two decimals."""
    return Traced.of("NA" if row.value is None else percent(row.value, DECIMALS), row.id)


def shown_months(row: Row) -> Traced:
    """Return days in months, with two decimals."""
    return Traced.of("NA" if row.value is None else months(row.value, DECIMALS), row.id)


def shown_p_value(row: Row) -> Traced:
    """Return a p-value with three decimals, or that it is below the least of them."""
    return Traced.of("NA" if row.value is None else p_value(row.value), row.id)
