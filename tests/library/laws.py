"""Two small regimes, made up, for tables whose every cell is known."""

OLD = """name: old
title: Old law
currency: X
sources: {act: "The Act, Article 1", plan: "The Plan, page 2", notice: A notice nobody cites}
year_starts: {value: 4, source: act}
market_opens: {value: 2011-04, source: act}
calendar:
  source: act
  2010: {years: 5, verified: 2015-11, deadline: 2016-09}
  2015: {years: 5, verified: 2020-11, deadline: 2021-09}
banking:
  2010: {limit: unlimited, source: plan}
  2015: {limit: unlimited, source: plan}
allocation:
  2010: {method: baseline, reduction_factor: {I: {value: 0.08, source: [act, plan]}}}
  2015:
    method: baseline
    reduction_factor: {I: {value: 0.17, status: assumed, note: a guess | or two}}
    issuance_ceiling: 0.5
penalty:
  status: derived
  source: act
  note: 2 x 3
  2010: {multiple: 6}
  2015: {multiple: 6}
ranges:
  - {path: allocation.2015.reduction_factor.I, low: 0.1, high: 0.2, announced: 2014-03, source: plan}
"""

NEW = """name: new
title: New law
currency: X
year_starts: 4
market_opens: 2011-04
calendar:
  2010: {years: 5, verified: 2015-11, deadline: 2016-09}
  2015: {years: 5, verified: 2020-11, deadline: 2021-12}
  2020: {years: 5, verified: 2025-11, deadline: 2026-09}
banking:
  2010: {limit: unlimited}
  2015: {limit: net_sales, net_sales_multiple: 2}
  2020: {limit: none}
allocation:
  2010: {method: baseline, reduction_factor: {I: 0.08}}
  2015: {method: baseline, reduction_factor: {I: 0.17}, issuance_ceiling: 0.5}
  2020: {method: baseline, reduction_factor: {I: 0.25}}
penalty:
  2010: {multiple: 6}
  2015: {multiple: 6, lump_sum: 20000}
  2020: {multiple: 6}
offsets:
  2015: {peat: {limit_share: 0.1, limit_base: duty}}
"""
