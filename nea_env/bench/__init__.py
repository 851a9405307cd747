"""Policies put to use: what one is worth beside the rules, on held-out episodes.

* ``evaluate``: any policy beside the rules, as a table that prints, exports and holds the episodes
* ``comparison``: the same seeds for every policy, and the figures that are made of them
* ``policies``: whatever a user has - function, object, network, saved model - as a policy that can be played
* ``model_files``: models of Stable-Baselines3 and TorchScript files
* ``target``: an id, a name, a file or a scenario, as a scenario

NumPy only; torch, Stable-Baselines3 and pandas are loaded when they are asked for.
"""
