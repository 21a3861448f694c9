"""The verdict on a rate where its limit equals the threshold."""

from __future__ import annotations

from decimal import Decimal

import pytest

from onearm.protocol.endpoints import Decision
from onearm.results.design_rows import DESIGN
from onearm.results.ledger import Entry, Ledger
from onearm.results.plan import ALL
from onearm.results.rates import _add_verdict
from onearm.terms import Kind


@pytest.mark.parametrize(("threshold", "met"), [("0.4999", "Y"), ("0.5", "N"), ("0.5001", "N")])
def test_a_limit_that_equals_the_threshold_is_not_above_it(threshold, met):
    # Clopper-Pearson, all of n: the lower limit is (tail) ** (1 / n), of 2 at a two-sided level of
    # one half (0.5 / 2) ** (1 / 2) = 0.5.
    ledger, entry = Ledger(), Entry(DESIGN, ALL)
    ledger.add(entry, "count", Kind.COUNT, 2, formula="responders")
    decision = Decision(lower_limit_above=Decimal(threshold), level=0.5)
    _add_verdict(ledger, entry, ledger.rows[0], 2, decision, 0.5, "clopper-pearson")

    found = {row.statistic: row for row in ledger.rows}
    assert found["limit"].value == 0.5
    assert found["met"].code == met
    assert (found["responders_needed"].value == 2) is (met == "Y")
    assert (" > " in (found["met"].formula or "")) is (met == "Y")
