"""Policies put to use: what one is worth beside the rules, what it does, and what a change of the law is worth to it.

* ``evaluate``: any policy beside the rules, as a table that prints, exports and holds the episodes
* ``comparison``: the same seeds for every policy, and the figures that are made of them
* ``rollout``: episodes of a policy as named columns with units; ``episode_log`` plays and notes them
* ``rollout_figure``: the picture of one or several rollouts; ``rollout_series``: the numbers that it draws;
  ``figure_style``: how pictures look
* ``rollout_command``: both from the command line (``python -m nea_env rollout kets --policies just_in_time``)
* ``compare``: scenarios on common draws, as a table and a picture; ``compared``: its quantities; ``worths``: a change
  of the law at given prices and through the price; ``scenario_arguments``: scenarios with their changes in one text;
  ``compare_figure`` and ``compare_command`` (``python -m nea_env compare kets "kets market.price=9000"``)
* ``policies``: whatever a user has - function, object, network, saved model - as a policy that can be played
* ``model_files``: models of Stable-Baselines3 and TorchScript files
* ``target``: an id, a name, a file or a scenario, as a scenario

NumPy only; torch, Stable-Baselines3, pandas and matplotlib are loaded when they are asked for.
"""
