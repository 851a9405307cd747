"""What is best, and known to be: closed forms of emissions trading, to hold simulators, solvers and agents to.

``python -m nea_env.solvers closed_form`` prints them with a worked figure each.

Bounds on the cost of every policy, with the extra ``[plan]``: ``foresight``, which knows the path, and ``dual``, where
foresight pays for what it gains; ``waiting`` is what the right to invest later is worth. ``python -m nea_env.solvers
bounds kets`` prints them beside the best of the tuned rules.
"""
