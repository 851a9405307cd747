"""The firm's programme: the best that a firm can do on a path of prices, by HiGHS.

* ``books``: what a firm has when it plans, and the path that it plans with: as played, or as expected
* ``programme``: the programme of the months that are left, what of the law it relaxes or refuses, and its solution
* ``works``, ``trade``, ``law``, ``deadline``: what goes into it, by theme; ``stocks``: what it keeps track of
* ``linear``, ``search``: linear expressions, and HiGHS at work
* ``replay``: plans as actions, and what the environment charges for them
* ``seen``: a firm's books as it can tell them from its observations

HiGHS comes with the extra ``[plan]``; nothing else needs it.
"""
