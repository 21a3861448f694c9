"""Two-stage designs against the values of another program."""

from __future__ import annotations

import pytest

from onearm.design.two_stage import simon

# Method: Simon R. Control Clin Trials 1989;10:1-10. Values: clinfun 1.1.5 (R 4.2.2), ph2simon with
# nmax = 200: p0, p1, alpha, beta, then r1/n1 r/n, EN0 and PET0 of the optimal and the minimax one.
CLINFUN = """
.05 .25 .05 .20   0/9   2/17   11.96 .63   0/12  2/16   13.84 .54
.05 .20 .05 .20   0/10  3/29   17.62 .60   0/13  3/27   19.81 .51
.10 .30 .05 .20   1/10  5/29   15.01 .74   1/15  5/25   19.51 .55
.10 .30 .05 .10   2/18  6/35   22.53 .73   2/22  6/33   26.18 .62
.20 .40 .05 .20   3/13  12/43  20.58 .75   4/18  10/33  22.25 .72
.20 .40 .05 .10   4/19  15/54  30.43 .67   5/24  13/45  31.23 .66
.30 .50 .05 .20   5/15  18/46  23.63 .72   6/19  16/39  25.69 .67
.30 .50 .05 .10   8/24  24/63  34.72 .73   7/24  21/53  36.62 .56
.40 .60 .05 .20   7/16  23/46  24.52 .72   17/34 20/39  34.44 .91
.50 .70 .05 .10   13/24 36/61  34.01 .73   14/27 32/53  36.11 .65
.60 .80 .05 .20   7/11  30/43  20.48 .70   8/13  25/35  20.77 .65
.70 .90 .05 .20   4/6   22/27  14.82 .58   19/23 21/26  23.16 .95
.30 .45 .05 .10   13/40 40/110 60.77 .70   27/77 33/88  78.51 .86
.50 .65 .05 .20   15/28 48/83  43.72 .71   39/66 40/68  66.11 .95
.80 .95 .05 .20   7/9   26/29  17.72 .56   7/9   26/29  17.72 .56
"""


@pytest.mark.parametrize("line", CLINFUN.strip().splitlines())
def test_optimal_and_minimax_are_those_of_clinfun(line):
    p0, p1, alpha, beta, *designs = line.split()
    found = simon(float(p0), float(p1), float(alpha), 1 - float(beta))

    for design, printed in ((found.optimal, designs[:4]), (found.minimax, designs[4:])):
        assert [f"{design.r1}/{design.n1}", f"{design.r}/{design.n}"] == printed[:2]
        assert design.en0 == pytest.approx(float(printed[2]), abs=0.00501)
        assert design.pet0 == pytest.approx(float(printed[3]), abs=0.00501)


# Jung S-H, Lee T, Kim K, George SL. Stat Med 2004;23:561-569 (method); clinfun 1.1.5 and
# OneArmPhaseTwoStudy (values): rule, the weight on n from which it is chosen (to three places).
JUNG = [
    (
        (0.5, 0.65, 0.05, 0.8),
        [
            ("39/66 40/68", 0.917),
            ("20/41 41/69", 0.772),
            ("18/35 42/71", 0.515),
            ("16/31 43/73", 0.285),
            ("14/27 45/77", 0.119),
            ("15/28 48/83", 0.0),
        ],
    ),
    ((0.1, 0.3, 0.05, 0.95), [("2/25 7/41", 0.2752), ("2/20 8/49", 0.0)]),
]


@pytest.mark.parametrize(("setting", "designs"), JUNG)
def test_the_admissible_designs_and_their_weights(setting, designs):
    found = simon(*setting).admissible

    assert [_rule(each.design) for each in found] == [rule for rule, _ in designs]
    assert [each.weight_from for each in found] == pytest.approx([w for _, w in designs], abs=5e-4)
    assert found[0].weight_to == 1
    assert [each.weight_to for each in found[1:]] == [each.weight_from for each in found[:-1]]


def _rule(design):
    return f"{design.r1}/{design.n1} {design.r}/{design.n}"


# Reconstructions of a minimax design of about 30 by clinfun 1.1.5: p0, p1, alpha, power, rule.
NEAR_30 = [
    (0.15, 0.35, 0.05, 0.80, "2/15 7/28"),
    (0.15, 0.40, 0.05, 0.90, "2/16 7/27"),
    (0.18, 0.40, 0.05, 0.80, "2/13 8/27"),
    (0.20, 0.45, 0.05, 0.85, "2/12 8/25"),
    (0.20, 0.45, 0.025, 0.85, "3/15 10/30"),
    (0.20, 0.40, 0.10, 0.80, "2/14 7/24"),
    (0.25, 0.50, 0.05, 0.85, "2/10 10/27"),
    (0.25, 0.50, 0.025, 0.80, "4/15 12/30"),
    (0.16, 0.36, 0.05, 0.80, "2/16 8/30"),
    (0.22, 0.45, 0.05, 0.85, "3/15 10/30"),
    (0.25, 0.47, 0.05, 0.80, "3/13 11/30"),
]


@pytest.mark.parametrize(("p0", "p1", "alpha", "power", "rule"), NEAR_30)
def test_minimax_designs_of_about_thirty(p0, p1, alpha, power, rule):
    assert _rule(simon(p0, p1, alpha, power).minimax) == rule


def test_the_optimum_beyond_a_hundred_subjects_is_found():
    # clinfun at its default nmax = 100 reports 12/39 37/100 with EN 62.29 as optimal.
    best = simon(0.30, 0.45, 0.05, 0.90).optimal

    assert best.n == 110
    assert best.en0 < 62.29
