"""What is best, and known to be: closed forms of emissions trading, to hold simulators, solvers and agents to.

``python -m nea_env.solvers closed_form`` prints them with a worked figure each.
"""
