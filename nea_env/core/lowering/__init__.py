"""A scenario as numbers: the calendar's events, what is known when, and the market, as the tables that kernels read."""
