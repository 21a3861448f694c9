"""Agreement of two readers against printed values."""

import pytest

from onearm.stats.concordance import CrossTable, kappa

# SAS/STAT User's Guide, The FREQ Procedure, Getting Started: Agreement Study. Two dermatologists;
# simple kappa 0.3449, ASE 0.0724, 95 % limits 0.2030 and 0.4868.
SKIN = CrossTable(
    ("terrible", "poor", "marginal", "clear"),
    ((10, 4, 1, 0), (5, 10, 12, 2), (2, 4, 12, 5), (0, 2, 6, 13)),
)

# Pennsylvania State University, STAT 509, Lesson 18: Correlation and Agreement, by PROC FREQ of
# SAS: two radiologists; weighted kappa 0.57, 95 % limits 0.44 and 0.70.
RADIOLOGY = CrossTable(
    ("normal", "benign", "suspected", "cancer"),
    ((21, 12, 0, 0), (4, 17, 1, 0), (3, 9, 15, 2), (0, 0, 0, 1)),
)


def test_simple_kappa_matches_the_documentation_of_sas():
    found = kappa(SKIN)

    assert found.value == pytest.approx(0.3449, abs=5e-5)
    assert found.std_error == pytest.approx(0.0724, abs=5e-5)
    assert found.lower == pytest.approx(0.2030, abs=5e-5)
    assert found.upper == pytest.approx(0.4868, abs=5e-5)


def test_weighted_kappa_with_linear_weights_matches_what_sas_printed_for_two_radiologists():
    found = kappa(RADIOLOGY, weights="linear")

    assert found.value == pytest.approx(0.57, abs=5e-3)
    assert found.lower == pytest.approx(0.44, abs=5e-3)
    assert found.upper == pytest.approx(0.70, abs=5e-3)
