"""All other firms under a law, as the market that an equilibrium is solved for.

``calendar`` has the compliance periods that the solved months fall into, ``supply`` the units that the law lets come
to the market, ``output`` how output answers to their price, ``limits`` what can be carried over and borrowed and what
a missing unit costs, ``months`` all of it by month, ``market`` the whole problem, ``solved`` its solution, ``scale``
the abatement costs at which a shipped price comes out.
"""
