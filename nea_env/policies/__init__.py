"""Rules of thumb and what they are measured with: policies, the loop that plays them, what came of it. NumPy only.

* ``rules``: policies that follow a fixed rule, the baselines of every table
* ``by_name``: the rules by name, made for a scenario
* ``tuned``: their parameters in ``tuned.yaml``; ``tune`` finds them (``python -m nea_env.policies.tune
  scenario=kets``); ``tuned_here`` does so for a scenario of your own and keeps them in the user's cache
* ``linear_rule``: linear policies; ``searched``: those in ``searched.yaml``, the ``searched_rule`` of every table;
  ``search`` finds them (``python -m nea_env.policies.search kets``) with ``cross_entropy``, and says with ``replaced``
  which lever earns what they save; ``stored``: how both files are kept
* ``bound``: the most that the law lets any rule save, for tests
* ``play``: the loop in which any policy plays a scenario; ``outcome``: what it did, by episode;
  ``bank``: what it banked, by month and by vintage
* ``lever_rule``: a family of rules that uses every lever of a scenario; ``levers``: what each lever is worth
  (``python -m nea_env.policies.levers kets``)
* ``threshold_rule``: thresholds that move with the time left; ``threshold_search`` finds them
* ``fitted_rule``: those thresholds with corrections by regression; ``fitted``: those in ``fitted.yaml``;
  ``fitted_search`` finds them (``python -m nea_env.policies.fitted_search kets``)
* ``strongest``: which rule is the strongest known for a scenario
* ``plan``: the programme of a firm's remaining months on a path of prices, solved by HiGHS (extra ``[plan]``);
  ``mpc``: a rule that plans at expected prices and plays the first months of each plan
* ``compliance``: whether it pays to comply (``python -m nea_env.policies.compliance pilot_tianjin``), by rules of
  ``unmet_rule``, beside the firms that do in the equilibrium, of ``market_compliance``
* ``marking``: rewards marked to market, with less noise and the same expectation
* ``seeds``: which are for training and which for evaluation
"""

from nea_env.policies.by_name import RULES, make_rule
from nea_env.policies.rules import Rule

__all__ = ["RULES", "Rule", "make_rule"]
