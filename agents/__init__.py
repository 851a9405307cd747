"""Agents for the environments: rules, Stable-Baselines3 models, evaluation, checkpoints and figures.

``nea_env`` never imports this package. The parts, each usable alone:

* ``rules``: policies that follow a fixed rule, the baselines of every table
* ``sb3``: ``make_vec_env``, the way from an environment id to Stable-Baselines3
* ``algorithms``: build a model from ``configs/algo``
* ``residual``: a policy that starts at the just-in-time rule and learns corrections
* ``marking``: training rewards and advantages with less noise and the same expectation
* ``checkpoint``, ``checkpoint_callback``: save and resume a run exactly
* ``training``: a run, from the first step to its folder; ``seeds``: which are for training
* ``evaluate``, ``figures``: policies compared on the same held-out episodes
* ``tune``: parameters of the tuned rules (``python -m agents.tune env=kets``), ``tuned`` their file
* ``levers``: what each lever of a scenario is worth (``python -m agents.levers kets``)
* ``settings``, ``hyperparameters``, ``rehearsal``: a run checked before it begins
* ``command_line``, ``scenario_choice``, ``sweep``, ``resume``, ``amend``, ``explain``: what ``train.py`` is asked for
* ``sweeping``, ``sweep_folder``, ``sweep_table``, ``resume_sweep``: a sweep, its notes, its table and the rest of it
* ``run_folder``, ``metrics``, ``monitor``, ``versions``: what a run leaves behind
* ``interruption``, ``refusal``: how it ends early
"""
