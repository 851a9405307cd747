"""Rules of thumb and what they are measured with: policies, the loop that plays them, what came of it. NumPy only.

* ``rules``: policies that follow a fixed rule, the baselines of every table
* ``tuned``: the rules by name, with the parameters in ``tuned.yaml``; ``tune`` finds them
  (``python -m nea_env.policies.tune scenario=kets``)
* ``play``: the loop in which any policy plays a scenario; ``outcome``: what it did, by episode
* ``lever_rule``: a family of rules that uses every lever of a scenario; ``levers``: what each lever is worth
  (``python -m nea_env.policies.levers kets``)
* ``compliance``: whether it pays to comply (``python -m nea_env.policies.compliance pilot_tianjin``), by rules of
  ``unmet_rule``, beside the firms that do in the equilibrium, of ``market_compliance``
* ``marking``: rewards marked to market, with less noise and the same expectation
* ``seeds``: which are for training and which for evaluation
"""

from nea_env.policies.rules import RULES, Rule
from nea_env.policies.tuned import make_rule

__all__ = ["RULES", "Rule", "make_rule"]
