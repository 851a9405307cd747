"""The solver of a whole market: it takes a problem in numbers and returns a Markov chain of prices.

It knows no scenario: ``lowering.aggregate`` makes a `problem` of a law and a market. `solve` solves one, `linked` two
on the `terms` of their link, month by month as a `pair` or as one `pool`.
"""
