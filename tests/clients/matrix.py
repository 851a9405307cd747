"""The clients: what installs each, which test shows it, and what had to change for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """A library that plays the environments.

    Attributes:
        title: what the table calls it.
        test: the file in this folder.
        distribution: whose release the table shows.
        packages: what pip installs for it; none where ``make setup`` has it.
        torch: it needs torch, which goes in before it, at the version of the lock.
        extras: of this project, for what trains in a checkout.
        changed: what a user has to do differently from the client's own examples.
    """

    title: str
    test: str
    distribution: str
    packages: tuple[str, ...] = ()
    torch: bool = False
    extras: tuple[str, ...] = ()
    changed: str = "nothing"


CLIENTS = {
    "gymnasium": Client("Gymnasium's wrappers", "test_gymnasium.py", "gymnasium"),
    "sb3": Client("Stable-Baselines3", "test_sb3.py", "stable-baselines3"),
    "sb3_contrib": Client("sb3-contrib", "test_sb3_contrib.py", "sb3-contrib"),
    "cleanrl": Client(
        "a loop in CleanRL's manner",
        "test_cleanrl.py",
        "torch",
        changed="`TransformObservation` takes the space, as Gymnasium 1 asks",
    ),
    "rl_zoo": Client(
        "RL Zoo",
        "test_rl_zoo.py",
        "rl_zoo3",
        ("rl_zoo3", "requests"),
        torch=True,
        changed="nothing (`enjoy` imports `requests` without requiring it)",
    ),
    "rllib": Client("RLlib", "test_rllib.py", "ray", ("ray[rllib]",), torch=True),
    "torchrl": Client("TorchRL", "test_torchrl.py", "torchrl", ("torchrl",), torch=True),
    "tianshou": Client("Tianshou", "test_tianshou.py", "tianshou", ("tianshou",), torch=True),
    "skrl": Client("skrl", "test_skrl.py", "skrl", ("skrl[torch]",), torch=True),
    "pufferlib": Client(
        "PufferLib",
        "test_pufferlib.py",
        "pufferlib-core",
        ("pufferlib-core",),
        torch=True,
        changed="nothing (`pufferlib-core`, since `pufferlib` downloads raylib while it is built)",
    ),
    "minari": Client("Minari", "test_minari.py", "minari", ("minari[hdf5,create]", "pillow")),
    "optuna": Client("Optuna", "test_optuna.py", "optuna", ("optuna",)),
    "ray_launcher": Client(
        "Sweeps on Ray",
        "test_ray_launcher.py",
        "hydra-ray-launcher",
        torch=True,
        extras=("train", "ray"),
        changed="Ray 2.60 refuses the object store's size that the launcher gives a running cluster: "
        "`train.py` leaves it out",
    ),
    "optuna_sweeper": Client(
        "Sweeps of Optuna",
        "test_optuna_sweeper.py",
        "hydra-optuna-sweeper",
        torch=True,
        extras=("train", "sweep"),
        changed="Optuna 2 and SQLAlchemy 1.4 come with it",
    ),
    "wandb": Client("Weights & Biases, offline", "test_wandb.py", "wandb", ("wandb",)),
    "video": Client("RecordVideo", "test_video.py", "moviepy", ("moviepy", "matplotlib")),
}
