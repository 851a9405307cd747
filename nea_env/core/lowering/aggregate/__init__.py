"""All other firms under a law, as the market that an equilibrium is solved for.

``calendar`` has the compliance periods that the solved months fall into, ``supply`` the units that the law lets come
to the market, ``limits`` what can be carried over and borrowed and what a missing unit costs, ``months`` both by month,
``market`` the whole problem, ``solved`` its solution, ``scale`` the abatement costs at which a shipped price comes out.
"""
