"""The solver of a whole market: it takes a `problem` in numbers and returns a `chain` of prices.

It knows no scenario: ``lowering.aggregate`` makes a problem of a law and a market. `solve` solves one market, month by
month; `linked` two on the `terms` of their link, a `pair` of prices a month, or one price where they are one `pool`.
Below them `clearing` has the price of one month, `month` what a month brings and its limits, `grid` the grid of
banks, `shocks` the news of emissions.
"""
