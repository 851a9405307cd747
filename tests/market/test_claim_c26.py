"""What investment is worth under a link that may be cut: exact moments against paths, and the answer's signs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nea_env.core.equilibrium.linked import solve_linked
from nea_env.core.equilibrium.solve import solve
from nea_env.market.__main__ import main
from nea_env.market.claims.c26 import Moments, _abated, _saved, answer, compared, start_of, sums_alone, sums_linked
from tests.core.equilibrium.linked_paths import simulate_linked
from tests.core.equilibrium.markets import linear, market
from tests.core.equilibrium.test_equilibrium_cut import cut
from tests.core.equilibrium.test_equilibrium_linked import link, two

MONTHS, PATHS = 24, 40_000


def test_the_mean_and_the_spread_are_those_of_paths():
    home, partner = two(0)
    chain = solve_linked(home, partner, link(MONTHS, "quota", quota=0.05))
    paths = simulate_linked(chain, PATHS, seed=1)
    for side, (problem, running) in enumerate(((home, paths.home_running), (partner, paths.partner_running))):
        mean, square = (start_of(chain, one) for one in sums_linked(chain, side, _saved, problem.discount, MONTHS))
        drawn = (problem.discount ** np.arange(MONTHS) * running[:, :MONTHS]).sum(axis=1) / 12.0
        assert abs(drawn.mean() - mean) < 4 * drawn.std() / PATHS**0.5
        spread = (square - mean**2) ** 0.5
        assert drawn.std() == pytest.approx(spread, rel=0.03)


def test_by_hand_two_months_at_a_price_that_a_cut_would_change():
    """A tonne a year in two months: now at 0.9 (50 + 10 c), a month later at 50 or, with the chance c, at 60."""
    chance = 0.25
    systems = [
        market(
            2, discount=0.9, emissions=[0.0, 100.0], supply=[0.0, 100.0 - needed], **linear(100.0 * cost),
            year_end=[0.0, 1.0], shortage_price=1e4, banks=np.linspace(-20.0, 20.0, 5),
        )
        for cost, needed in ((2.0, 30.0), (1.0, 20.0))
    ]  # fmt: skip
    chain = solve_linked(*systems, link(2, "quota", quota=5.0, end_chance=np.array([0.0, chance])))
    mean, square = (start_of(chain, one) for one in sums_linked(chain, 0, _saved, 0.9, 2))
    now, linked, alone = 0.9 * 52.5, 0.9 * 50.0, 0.9 * 60.0
    assert mean == pytest.approx((now + 0.75 * linked + 0.25 * alone) / 12.0, abs=1e-9)
    assert square == pytest.approx((0.75 * (now + linked) ** 2 + 0.25 * (now + alone) ** 2) / 144.0, abs=1e-8)


def test_after_a_cut_for_certain_both_sums_are_those_of_a_market_alone():
    home, partner = two(1)
    chain = solve_linked(home, partner, link(MONTHS, "quota", end_chance=cut(MONTHS, 1.0)))
    for side, problem in enumerate((home, partner)):
        for flow in (_saved, _abated):
            both = sums_linked(chain, side, flow, problem.discount, MONTHS)
            alone = sums_alone(solve(problem), flow, problem.discount, MONTHS)
            states = np.arange(4) // 2 if side == 0 else np.arange(4) % 2
            for own, other in zip(both, alone, strict=True):
                expected = other[0][:, states]
                expected = expected[:, None, :] if side == 0 else expected[None, :, :]
                assert np.abs(own - expected).max() < 1e-9 * np.abs(expected).max()


def test_what_is_abated_by_hand():
    """At a price of scale (e - 1) a share of 1 / steepness, of a month of 0.1 years at a shock of a tenth more."""
    problem = dataclasses.replace(two(0)[0], scale=10.0, steepness=20.0, max_share=0.3, surplus_share=0.5)
    problem.emissions[3] = 0.1
    price = np.array([10.0 * np.expm1(1.0)])
    assert _abated(price, price, problem, np.array([1.1]), 3) == pytest.approx([0.1 * 1.1 / 20.0])
    worth = np.array([10.0 * np.expm1(2.0)])  # half of it is done by firms to which a unit is worth more
    assert _abated(price, worth, problem, np.array([1.0]), 3) == pytest.approx([0.1 * 1.5 / 20.0])


def test_claims_are_listed_and_a_wrong_name_is_refused(capsys):
    assert main(["claim"]) == 0
    assert "C26" in capsys.readouterr().out
    assert main(["claim", "C99"]) == 2
    assert "C99" in capsys.readouterr().err
    assert main(["claim", "C26", "last=2021"]) == 2  # too short for ten years
    assert "last: 2021" in capsys.readouterr().err


def outcome(worth, *built):
    return Moments(1.0, 1.0, worth, 0.3, np.array(built))


def found(home, partner):
    """Both markets without a link, under one for good and under one that may be cut: worth, and shares built."""
    names = ("no link", "0 % a month", "10 % a month")
    return {name: (outcome(*one), outcome(*two)) for name, one, two in zip(names, home, partner, strict=True)}


def test_what_it_says_follows_its_numbers():
    lower, higher = (
        [(100.0, 0.9, 0.5), (60.0, 0.2, 0.0), (90.0, 0.8, 0.4)],
        [(100.0, 0.9, 0.5), (140.0, 1.0, 0.8), (110.0, 0.9, 0.7)],
    )
    same = [(100.0, 0.9, 0.5)] * 3
    text = answer({"as shipped": found(lower, higher), "other": found(lower, same)}, ("kets", "tps"), 2025)
    assert text.startswith(
        "In tps yes, in kets the other way round: in kets 10 % of firms have built by the end of 2025 under a link for"
        " good, 60 % where it is cut with a chance of 10 % a month, and 70 % without a link; in tps 90 % of firms"
    )
    assert "in all 3 cases with a difference." in text
    assert text.endswith("-50 (as shipped) to -50 (as shipped) in kets; +0 (other) to +10 (as shipped) in tps.")
    verdicts = {
        "Yes:": (higher, higher), "In kets alone:": (higher, same), "No: the other way round in kets:": (lower, same),
        "No:": (same, same),
    }  # fmt: skip
    for verdict, pair in verdicts.items():
        assert answer({"as shipped": found(*pair)}, ("kets", "tps"), 2025).startswith(verdict)
    odd = [(100.0, 0.5, 0.5), (60.0, 0.9, 0.9), (90.0, 0.5, 0.5)]  # more is built though a tonne is worth less
    text = answer({"as shipped": found(odd, higher)}, ("kets", "tps"), 2025)
    assert "It hangs on more than which system is dearer: in 1 of 2 cases" in text
    assert "There is no difference in any variant." in answer({"as shipped": found(same, same)}, ("a", "b"), 2025)


@pytest.mark.slow
def test_a_chance_of_a_cut_moves_what_investment_is_worth_back_towards_no_link():
    rows = list(compared([], {}).values())
    for side in range(2):
        alone, firm, *loose = (row[side].worth for row in rows)
        ways = [abs(worth - alone) for worth in (firm, *loose)]
        assert ways == sorted(ways, reverse=True)
        built = [row[side].mean_built for row in rows]  # as the worth goes, so does what is built
        assert (built[1] > built[0]) == (firm > alone)
        assert abs(built[0] - built[-1]) < 0.25 * abs(built[0] - built[1])  # nearly all the way back
