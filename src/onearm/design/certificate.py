"""The proof that two-stage designs are what they claim, and its check.

A certificate names each admissible design with its error rates as exact
fractions and, for every n up to the end, what rules out a better one. The check
counts in integers alone, and imports no search: it shares no line of code with
what wrote the certificate.

Why few numbers rule out many designs, for stages of n1 and n - n1, stopping at
X1 <= r1 and rejecting at X > r:

1. P(X1 > r1 and X > r) grows with n1, at p0 and at p1: the first stage of more
   subjects passes whenever that of fewer does. It falls as r grows.
2. The expected number n1 + (n - n1) P(X1 > r1) grows with n1 and with n.
3. Power 1 - beta needs P(X1 <= r1) <= beta at p1, and P(X > r) >= 1 - beta.
4. No test of at most n subjects has more power than the most powerful test of n
   (Neyman and Pearson), randomised on its boundary to have alpha exactly.

So for one n, r1 and r, a single n1 is enough: below it the power is too small
(shown at n1 - 1), from it on alpha is too large (shown at n1) or the expected
number is no better. Where alpha is too large at the smallest n1 that 3 allows,
every smaller r is ruled out as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from math import comb
from operator import mul

from onearm.errors import DesignError

KIND = "onearm two-stage certificate"
LARGEST_N = 1500
_UNIT = 2**60
_LONG = 14_000  # bits beyond which Python refuses to write an integer in decimals


@dataclass(frozen=True, slots=True)
class CertifiedDesign:
    """Stop if responders <= r1 of n1, promising if >= r + 1 of n; exact rates at p0 and p1."""

    r1: int
    n1: int
    r: int
    n: int
    alpha: Fraction
    power: Fraction
    pet0: Fraction
    en0: Fraction


@dataclass(frozen=True, slots=True)
class Refutation:
    """Why no better design has exactly ``n`` subjects.

    ``first_n1[r1]`` belongs to r = ``r_top``, ``r_top - 1``, ...: with fewer than
    so many subjects in stage 1 the power is too small, with as many or more the
    alpha is too large or the expected number no smaller.
    """

    n: int
    r_top: int
    first_n1: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Designs from minimax (first) to optimal (last), and what rules out all others.

    ``alpha`` and ``power`` are the limits; both may be exceeded by ``tolerance``.
    Up to ``too_small`` subjects no test has the power. "Better" is an expected
    number under p0 that is smaller by more than ``same_en0``: than that of any
    design at all for n below the first design's, than the line between the
    neighbouring designs up to the last one's, than the last one's beyond.
    """

    p0: Fraction
    p1: Fraction
    alpha: Fraction
    power: Fraction
    tolerance: Fraction
    same_en0: Fraction
    designs: tuple[CertifiedDesign, ...]
    too_small: int
    refutations: tuple[Refutation, ...]

    def as_json(self) -> dict[str, object]:
        """Return the certificate with its fractions as text, to keep in a file."""
        return {
            "kind": KIND,
            "version": 1,
            **{name: _text(getattr(self, name)) for name in _LIMITS},
            "designs": [
                {name: getattr(design, name) for name in _COUNTS}
                | {name: _text(getattr(design, name)) for name in _RATES}
                for design in self.designs
            ],
            "too_small": self.too_small,
            "refutations": [
                {
                    "n": each.n,
                    "r_top": each.r_top,
                    "first_n1": {str(r1): list(n1) for r1, n1 in each.first_n1.items()},
                }
                for each in self.refutations
            ],
        }


_LIMITS = ("p0", "p1", "alpha", "power", "tolerance", "same_en0")
_COUNTS = ("r1", "n1", "r", "n")
_RATES = ("alpha", "power", "pet0", "en0")


def read_certificate(value: object) -> Certificate:
    """Return the certificate that JSON holds, alone or under the key ``certificate``.

    Raises a DesignError that names what is missing or malformed.
    """
    if isinstance(value, dict) and "certificate" in value:
        value = value["certificate"]
    if not isinstance(value, dict) or value.get("kind") != KIND:
        raise DesignError(f"not a certificate: the key kind must be {KIND!r}")
    if value.get("version") != 1:
        raise DesignError(f"certificate of version {value.get('version')!r}; version 1 is read")
    try:
        return Certificate(
            **{name: _fraction(value[name]) for name in _LIMITS},
            designs=tuple(_design(each) for each in value["designs"]),
            too_small=_whole(value["too_small"]),
            refutations=tuple(
                Refutation(
                    _whole(each["n"]),
                    _whole(each["r_top"]),
                    {int(r1): tuple(map(_whole, n1)) for r1, n1 in each["first_n1"].items()},
                )
                for each in value["refutations"]
            ),
        )
    except KeyError as missing:
        raise DesignError(f"certificate without the key {missing}") from None
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise DesignError(f"certificate cannot be read: {error}") from None


def check_certificate(certificate: Certificate) -> tuple[str, ...]:
    """Check every claim of a certificate in integers; return the claims in words.

    Raises a DesignError that names the first claim that does not hold.

    Examples
    --------
    >>> from onearm.design.two_stage import simon
    >>> for claim in check_certificate(simon(0.2, 0.4, 0.05, 0.8).certificate()):
    ...     print(claim)
    4/18 10/33, 3/14 11/38 and 3/13 12/43 have the error rates that are stated
    no test of 31 subjects or fewer has the power
    no design of fewer than 33 subjects has both error rates
    no design of 33 to 43 subjects expects fewer than the line between these designs
    no design of more than 43 subjects expects fewer than 3/13 12/43
    """
    return _Check(certificate).run()


class _Integers:
    """Binomial probabilities of one rate: within narrow bounds, and exactly, in integers alone.

    Row n holds P(X = x), and P(X >= n - j), in units of 2 ** -60, never too large: each
    step of Pascal's recursion rounds down, so that P(X = x) is at most n units more and
    a sum of them at most n (n + 1). Where these bounds do not settle a comparison, the
    weights P(X = x) times denominator ** n are counted.
    """

    def __init__(self, rate: Fraction) -> None:
        self.rate = rate
        self.p, self.q = rate.numerator, rate.denominator - rate.numerator
        self.whole = rate.denominator
        self.least: list[tuple[list[int], list[int]]] = [([_UNIT], [_UNIT])]
        self.first: list[int] = [0]  # the first x of a row that has a unit at all
        self.rows: dict[int, tuple[list[int], list[int], list[int]]] = {}

    def grow(self, n: int) -> None:
        """Add rows of lower bounds up to n."""
        p, q, whole = self.p, self.q, self.whole
        while len(self.least) <= n:
            old = self.least[-1][0]
            between = [(p * x + q * y) // whole for x, y in pairwise(old)]
            row = [q * old[0] // whole, *between, p * old[-1] // whole]
            self.least.append((row, list(accumulate(reversed(row)))))
            first = self.first[-1]
            while not row[first]:
                first += 1
            self.first.append(first)

    def row(self, n: int) -> tuple[list[int], list[int], list[int]]:
        """Return the weights of X = x, of X <= x and of X >= n - j."""
        if n not in self.rows:
            ways = [comb(n, x) * self.p**x * self.q ** (n - x) for x in range(n + 1)]
            self.rows[n] = ways, list(accumulate(ways)), list(accumulate(reversed(ways)))
        return self.rows[n]

    def passing(self, n1: int, r1: int, n: int, r: int) -> int:
        """Return the weight of X1 > r1 and X > r."""
        n2 = n - n1
        first, tails = self.row(n1)[0], self.row(n2)[2]
        return sum(
            first[x] * tails[min(n2 - (r + 1 - x), n2)]
            for x in range(max(r1 + 1, r + 1 - n2), n1 + 1)
        )

    def passes_more(self, n1: int, r1: int, n: int, r: int, limit: Fraction) -> int:
        """Return 1, 0 or -1 as P(X1 > r1 and X > r) is above, at or below a limit."""
        n2 = n - n1
        self.grow(max(n1, n2))
        low = max(r1 + 1, r + 1 - n2, self.first[n1])
        counts, tails = self.least[n1][0], self.least[n2][1]
        least = sum(map(mul, counts[low : r + 2], tails[n2 - r - 1 + low :]))
        if r + 1 < n1:
            least += self.least[n1][1][n1 - r - 2] * _UNIT
        side = _side(least, n * (n + 1) * _UNIT, limit, _UNIT * _UNIT)
        return side or _sign(Fraction(self.passing(n1, r1, n, r), self.whole**n) - limit)

    def stops_more(self, n1: int, r1: int, limit: Fraction) -> bool:
        """Return whether P(X1 <= r1) is above a limit."""
        self.grow(n1)
        least = _UNIT - n1 * (n1 + 1) - self.least[n1][1][n1 - 1 - r1] if r1 < n1 else _UNIT
        side = _side(least, n1 * (n1 + 1), limit, _UNIT)
        return (side or _sign(Fraction(self.row(n1)[1][r1], self.whole**n1) - limit)) > 0

    def expected(self, n1: int, r1: int, n: int) -> Fraction:
        """Return n1 + (n - n1) P(X1 > r1)."""
        stopped = self.row(n1)[1][r1]
        return n - Fraction((n - n1) * stopped, self.whole**n1)

    def expects_fewer(self, n1: int, r1: int, n: int, bound: Fraction) -> bool:
        """Return whether n1 + (n - n1) P(X1 > r1) is below a bound."""
        return n1 < bound if n1 == n else self.stops_more(n1, r1, (n - bound) / (n - n1))


def _side(least: int, slack: int, limit: Fraction, unit: int) -> int:
    """Return 1 or -1 as all of least to least + slack is above or below a limit, else 0."""
    top, bottom = limit.numerator * unit, limit.denominator
    if least * bottom > top:
        return 1
    return -1 if (least + slack) * bottom < top else 0


def _sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


class _Check:
    def __init__(self, certificate: Certificate) -> None:
        self.held = certificate
        p0, p1, alpha, power, tolerance, same = _limits_of(certificate)
        _require(0 < p0 < p1 < 1, "0 < p0 < p1 < 1")
        _require(0 < alpha < power < 1, "0 < alpha < power < 1")
        _require(0 <= tolerance <= Fraction(1, 10**9), "a tolerance of at most 1e-9")
        _require(0 <= same <= Fraction(1, 10**6), "same_en0 of at most 1e-6")
        _require(bool(certificate.designs), "at least one design")
        _require(bool(certificate.refutations), "at least one refutation")
        for each in certificate.refutations:
            _require(each.r_top >= -1, f"an r_top of at least -1 at n = {each.n}")
        last = certificate.refutations[-1].n
        _require(last <= LARGEST_N, f"no more than {LARGEST_N} subjects")
        self.at_p0, self.at_p1 = _Integers(p0), _Integers(p1)
        self.most_alpha, self.least_power = alpha + tolerance, power - tolerance
        self.first_n1: list[int] = []  # by r1: the first n1 whose P(X1 <= r1) leaves the power

    def run(self) -> tuple[str, ...]:
        held, last = self.held, self.held.refutations[-1].n
        for design in held.designs:
            self._check_design(design)
        self._check_order()
        self._check_too_small()
        expected = range(held.too_small + 1, last + 1)
        _require([each.n for each in held.refutations] == list(expected), "a refutation for each n")
        for each in held.refutations:
            self._check_refutation(each)
        self._check_end(last)
        return self._claims(last)

    def _check_design(self, design: CertifiedDesign) -> None:
        r1, n1, r, n = (getattr(design, name) for name in _COUNTS)
        name = _rule(design)
        _require(0 <= r1 < n1 < n <= LARGEST_N and r1 <= r < n, f"counts of {name} that agree")
        alpha = Fraction(self.at_p0.passing(n1, r1, n, r), self.at_p0.whole**n)
        power = Fraction(self.at_p1.passing(n1, r1, n, r), self.at_p1.whole**n)
        en0 = self.at_p0.expected(n1, r1, n)
        pet0 = Fraction(self.at_p0.row(n1)[1][r1], self.at_p0.whole**n1)
        attained = (alpha, power, pet0, en0)
        stated = tuple(getattr(design, name) for name in _RATES)
        for what, ours, theirs in zip(_RATES, attained, stated, strict=True):
            _require(ours == theirs, f"the stated {what} of {name}")
        _require(alpha <= self.most_alpha, f"an alpha of {name} within its limit")
        _require(power >= self.least_power, f"a power of {name} within its limit")

    def _check_order(self) -> None:
        designs, held = self.held.designs, self.held
        _require(held.too_small < designs[0].n, "the first design above too_small")
        _require(designs[-1].n <= held.refutations[-1].n, "refutations up to the last design")
        for left, right in pairwise(designs):
            _require(
                left.n < right.n and left.en0 > right.en0,
                f"{_rule(left)} before {_rule(right)}, by n and by expected number",
            )

    def _check_too_small(self) -> None:
        n = self.held.too_small
        if n == 0:
            return
        w0, w1 = self.at_p0.row(n)[0], self.at_p1.row(n)[0]
        left, power = self.most_alpha * self.at_p0.whole**n, Fraction(0)
        for x in range(n, -1, -1):
            if w0[x] > left:
                power += w1[x] * left / w0[x]
                break
            left -= w0[x]
            power += w1[x]
        enough = self.least_power * self.at_p1.whole**n
        _require(power < enough, f"no test of {n} subjects with the power")

    def _bound(self, n: int) -> Fraction | None:
        """Return what an expected number must stay below to be better; None below any design."""
        designs = self.held.designs
        if n < designs[0].n:
            return None
        for left, right in pairwise(designs):
            if n <= right.n:
                share = Fraction(n - left.n, right.n - left.n)
                return left.en0 + share * (right.en0 - left.en0) - self.held.same_en0
        return designs[-1].en0 - self.held.same_en0

    def _first_possible(self, r1: int, most: int) -> int:
        """Return the first n1 whose P(X1 <= r1) at p1 leaves the power, or ``most + 1``."""
        while len(self.first_n1) <= r1:
            n1 = max([len(self.first_n1) + 1, *self.first_n1[-1:]])
            while self.at_p1.stops_more(n1, len(self.first_n1), 1 - self.least_power):
                if n1 > most:
                    return n1
                n1 += 1
            self.first_n1.append(n1)
        return min(self.first_n1[r1], most + 1)

    def _check_refutation(self, each: Refutation) -> None:
        n, top, bound = each.n, each.r_top, self._bound(each.n)
        if top < n - 1:  # one more than r_top, and even without a first stage power is lost
            is_lost = self.at_p1.stops_more(n, top + 1, 1 - self.least_power)
            _require(is_lost, f"r of at most {top} at n = {n}")
        high = 1
        for r1 in range(top + 1):
            low = self._first_possible(r1, n - 1)
            if low >= n:
                break
            high = max(high, low)
            while high < n and (bound is None or self.at_p0.expects_fewer(high, r1, n, bound)):
                high += 1
            if low < high:
                self._check_steps(each, r1, low, high - 1)

    def _check_steps(self, each: Refutation, r1: int, low: int, high: int) -> None:
        """Check that every n1 in low..high is ruled out, for every r."""
        n, steps = each.n, each.first_n1.get(r1, ())
        where = f"refutation of n = {n}, r1 = {r1}"
        _require(bool(steps), where)
        for r, n1 in zip(range(each.r_top, r1 - 1, -1), steps, strict=False):
            if n1 > low:
                side = self.at_p1.passes_more(min(n1 - 1, high), r1, n, r, self.least_power)
                _require(side < 0, f"{where}: too little power at r = {r}")
            if n1 <= high:
                side = self.at_p0.passes_more(max(n1, low), r1, n, r, self.most_alpha)
                _require(side > 0, f"{where}: too large an alpha at r = {r}")
        is_complete = steps[-1] <= low or len(steps) >= each.r_top - r1 + 1
        _require(is_complete, f"{where}: every r")

    def _check_end(self, last: int) -> None:
        """Check that with more than ``last`` subjects every design expects at least as many."""
        least = self.held.designs[-1].en0 - self.held.same_en0
        r1 = 0
        while (low := self._first_possible(r1, last + 1)) < least:
            is_better = self.at_p0.expects_fewer(low, r1, last + 1, least)
            _require(not is_better, f"no better design beyond {last} subjects (r1 = {r1})")
            r1 += 1

    def _claims(self, last: int) -> tuple[str, ...]:
        designs = self.held.designs
        first, best = designs[0], designs[-1]
        names = [_rule(design) for design in designs]
        listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
        claims = [
            f"{listed} {'has' if len(names) == 1 else 'have'} the error rates that are stated"
        ]
        if self.held.too_small:
            claims.append(f"no test of {self.held.too_small} subjects or fewer has the power")
        claims.append(f"no design of fewer than {first.n} subjects has both error rates")
        if len(designs) > 1:
            claims.append(
                f"no design of {first.n} to {best.n} subjects expects fewer than the line "
                "between these designs"
            )
        claims.append(f"no design of more than {best.n} subjects expects fewer than {_rule(best)}")
        return tuple(claims)


def _limits_of(certificate: Certificate) -> list[Fraction]:
    return [getattr(certificate, name) for name in _LIMITS]


def _design(value: Mapping[str, object]) -> CertifiedDesign:
    r1, n1, r, n = (_whole(value[name]) for name in _COUNTS)
    return CertifiedDesign(r1, n1, r, n, *(_fraction(value[name]) for name in _RATES))


def _require(is_so: bool, what: str) -> None:
    if not is_so:
        raise DesignError(f"the certificate does not hold: it lacks {what}")


def _rule(design: CertifiedDesign) -> str:
    return f"{design.r1}/{design.n1} {design.r}/{design.n}"


def _text(value: Fraction) -> str:
    parts: Sequence[int] = (value.numerator, value.denominator)
    return "/".join(f"{part:#x}" if part.bit_length() > _LONG else str(part) for part in parts)


def _fraction(value: object) -> Fraction:
    if not isinstance(value, str):
        raise TypeError(f"a fraction is text such as '1/20'; got {value!r}")
    numerator, _, denominator = value.partition("/")
    return Fraction(int(numerator, 0), int(denominator or "1", 0))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a count is a whole number; got {value!r}")
    return value
