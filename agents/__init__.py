"""Agents for the environments: Stable-Baselines3 models, evaluation, checkpoints and figures.

``nea_env`` never imports this package; the rules of thumb are in ``nea_env.policies``. The parts, each usable alone:

* ``sb3``: ``make_vec_env``, the way from an environment id to Stable-Baselines3
* ``algorithms``: build a model from ``configs/algo``
* ``residual``: a policy that starts at the just-in-time rule and learns corrections; ``residual_sac`` for SAC
* ``checkpoint``, ``checkpoint_callback``: save and resume a run exactly
* ``training``: a run, from the first step to its folder
* ``evaluate``, ``figures``: policies compared on the same held-out episodes
* ``settings``, ``hyperparameters``, ``rehearsal``: a run checked before it begins
* ``command_line``, ``scenario_choice``, ``sweep``, ``resume``, ``amend``, ``explain``: what ``train.py`` is asked for
* ``learners``, ``exact_learners``, ``results_page``: pages from results of runs that are kept
* ``sweeping``, ``sweep_folder``, ``sweep_table``, ``resume_sweep``: a sweep, its notes, its table and the rest of it
* ``run_folder``, ``metrics``, ``monitor``, ``versions``: what a run leaves behind
* ``interruption``, ``refusal``: how it ends early
"""
