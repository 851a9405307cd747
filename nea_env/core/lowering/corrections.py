"""What a firm of one unit class is due under one year's allocation rule, before any draw: rates, bases, exemptions."""

from __future__ import annotations

from nea_env.scenario import AllocationRule, Firm, LeakageTest, LoadCorrection, Regime


def load_correction(rule: LoadCorrection, load: float) -> float:
    """Factor on the benchmark of a unit that ran at ``load`` (output over capacity, 0 to 1).

    Allocation plans of China's power sector: 1 at full load, steps of so much a percentage point of load lost,
    and a power of ``tail_base`` below the last step.
    """
    factor, upper = 1.0, rule.full_load
    for step in rule.steps:
        if load >= upper:
            return factor
        factor += step.slope * 100.0 * (upper - max(load, step.load))
        upper = step.load
    if load >= upper:
        return factor
    lost = (upper - load) / rule.tail_points
    return rule.tail_base ** (1.0 + lost) if rule.steps else rule.tail_base**lost


def benchmark_rate(rule: AllocationRule, firm: Firm) -> float:
    """Free units per unit of net output: the benchmark with its load, cooling and heat factors, and heat supplied."""
    rate = rule.benchmark[firm.unit_class] * firm.allocation_correction
    if rule.load is not None and (rule.load.heat_and_power or firm.heat_ratio == 0.0):
        rate *= load_correction(rule.load, firm.load_factor)
    if firm.air_cooled:
        rate *= rule.air_cooling
    rate *= 1.0 - rule.heat_supply.get(firm.unit_class, 0.0) * firm.heat_ratio
    rate /= 1.0 - firm.own_use if rule.basis == "gross" else 1.0
    return rate + rule.heat_benchmark.get(firm.unit_class, 0.0) * firm.heat_output


def free_of_auctions(regime: Regime, year: str, firm: Firm) -> bool:
    """Whether the firm meets one of its phase's leakage tests, and so gets its whole allocation free."""
    tests = [t for phase in regime.phases.values() if phase.first <= year <= phase.last for t in phase.leakage_tests]
    return any(_meets(test, firm) for test in tests)


def _meets(test: LeakageTest, firm: Firm) -> bool:
    pairs = (
        (test.cost_intensity, firm.cost_intensity),
        (test.trade_intensity, firm.trade_intensity),
        (test.cost_times_trade, firm.cost_intensity * firm.trade_intensity),
        (test.carbon_times_trade, firm.carbon_intensity * firm.trade_intensity),
    )
    return all(value >= threshold for threshold, value in pairs if threshold is not None)


def free_share(regime: Regime, rule: AllocationRule, year: str, firm: Firm) -> float:
    """Share of the allocation that is given and not auctioned."""
    if free_of_auctions(regime, year, firm):
        return 1.0
    return 1.0 - rule.auction_share.get(firm.sector, rule.auction_share.get("", 0.0))
