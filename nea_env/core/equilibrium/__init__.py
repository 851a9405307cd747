"""The equilibrium price law: from a scenario's law and aggregate to a Markov chain of prices.

`aggregate` makes a `problem` of a market, `solve` solves it, `linked` two together, `solved` keeps what was solved,
`tables` lays it out for the kernels.
"""
