"""Policies put to use: what one does in an episode, month by month, and its picture.

* ``rollout``: episodes of a policy as named columns with units; ``episode_log`` plays and notes them
* ``saved_units``: the bank, free allocation counted over the months that it is for
* ``rollout_figure``: the picture of one or several rollouts; ``rollout_series``: the numbers that it draws
* ``rollout_command``: both from the command line (``python -m nea_env rollout kets --policies just_in_time``)

NumPy only; pandas and matplotlib are loaded when they are asked for.
"""
