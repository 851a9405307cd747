"""Bad command lines, of the package's own commands and of ``train.py``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from nea_env.__main__ import main as package_command
from nea_env.library.__main__ import main as library_command
from nea_env.market.__main__ import main as market_command
from tests.bad_input import ALONE, MISSING, NO_KEYS, UNKNOWN, Bad


# --- commands -------------------------------------------------------------------------------------
def _command(
    given: str, command: Callable[[list[str]], Any], arguments: str, where: str, key: str, value: str, allowed: str,
    **files: str,
) -> Bad:  # fmt: skip
    def run() -> None:
        code = command(arguments.split())
        if code:
            raise SystemExit(code)

    named = tuple((f"{name}.yaml", text) for name, text in files.items())
    return Bad("command", given, run, where, key, value, allowed, named)


MEANT = "did you mean 'kets'? allowed: "
COMMANDS = [
    _command("show what does not ship", library_command, "show kest", "name", ALONE, "'kest'", MEANT),
    _command(
        "show a year without law", library_command, "show kets --year 1999", "year", ALONE, "1999", "allowed: 2015"
    ),
    _command(
        "diff with a broken file", library_command, "diff kets mine.yaml", "mine.yaml", NO_KEYS, "empty",
        "a mapping of keys", mine="",
    ),
    _command("plot what does not ship", market_command, "plot kest", "scenario", ALONE, "'kest'", MEANT),
    _command(
        "plot with a bad override", market_command, "plot kets market.price=-1",
        "override", "market.price", "-1", "greater than 0",
    ),
    _command(
        "an unknown picture", market_command, "plot kets --only costs", "only", ALONE, "'costs'", "allowed: prices"
    ),
    _command("no such command", package_command, "cash", "argument command", ALONE, "'cash'", "choose from"),
]  # fmt: skip


# --- train.py --------------------------------------------------------------------------------------
def _train(kind: str, arguments: str, key: str, value: str, allowed: str, *, where: str = "", **files: str) -> Bad:
    def run() -> None:
        from hydra.core.global_hydra import GlobalHydra

        import train

        GlobalHydra.instance().clear()
        with patch.object(sys, "argv", ["train.py", *arguments.split()]):
            train.main()

    named = tuple((name.replace("__", "/").replace("_yaml", ".yaml"), text) for name, text in files.items())
    return Bad(kind, arguments, run, f"train.py: {where}", key, value, allowed, named)


def _setting(arguments: str, key: str, value: str, allowed: str, **files: str) -> Bad:
    return _train("setting of a run", arguments, key, value, allowed, **files)


def _algorithm(arguments: str, key: str, value: str, allowed: str) -> Bad:
    return _train("algorithm", arguments, key, value, allowed)


def _folder(arguments: str, where: str, key: str, value: str, allowed: str, **files: str) -> Bad:
    return _train("run folder", arguments, key, value, allowed, where=where, **files)


SETTINGS = [
    _setting("sed=3", "sed", UNKNOWN, "did you mean 'seed'? allowed: env, algo"),
    _setting("seed=many", "seed", "many", "allowed: a whole number"),
    _setting("seed=9999", "seed", "9999", "allowed: 0 to 3905"),
    _setting("seed=1,2", "seed", "1,2", "allowed: one, or with -m a sweep"),
    _setting("env=kest", "env", "kest", "did you mean 'kets'? allowed: kets"),
    _setting("scenario=nowhere.yaml", "scenario", "nowhere.yaml", "allowed: the path of a YAML file"),
    _setting("scenario=mine.yaml", "scenario=mine.yaml", "empty", "a mapping of keys to values", mine_yaml=""),
    _setting("scenario.market.price=-5", "scenario.market.price", "-5", "greater than 0"),
    _setting("evaluation.seed=5", "evaluation.seed", "5", "greater than or equal to 1000000"),
    _setting("total_steps=0", "total_steps", "0", "greater than or equal to 1"),
    _setting("--wrong", "--wrong", UNKNOWN, "allowed: what python train.py --help lists"),
]
ALGORITHMS = [
    _algorithm("algo=pppo", "algo", "pppo", "did you mean 'ppo'? allowed: a2c"),
    _algorithm("algo.parameters.gae_lambda=abc", "algo.parameters.gae_lambda", "abc", "at least 0 and at most 1"),
    _algorithm("algo.parameters.batch_size=1", "algo.parameters.batch_size", "1", "a whole number of at least 2"),
    _algorithm("algo.policy_kwargs.net_arch=[64,0]", "algo.policy_kwargs.net_arch", "[64, 0]", "at least 1"),
    _algorithm(
        "algo=dqn algo.parameters.gae_lambda=0.9", "algo.parameters.gae_lambda", UNKNOWN, "allowed: batch_size, buffer"
    ),
    _algorithm("-m algo.parameters.n_steps=64,0", "algo.parameters.n_steps", "0", "a whole number of at least 1"),
    _algorithm(
        "-m algo.parameters.learning_rate=interval(1e-5,1e-3)",
        "algo.parameters.learning_rate", "interval(1e-5,1e-3)", "allowed with Hydra's own: a,b or choice(a,b)",
    ),
]  # fmt: skip
A_RUN, ITS_OWN, WROTE = "allowed: a run's folder", "allowed: a new or an empty folder", "allowed: what the run wrote"
RUN_FOLDERS = [
    _folder("resume=nowhere", "resume=nowhere", ALONE, "nowhere: no such folder", A_RUN),
    _folder("resume=", "resume=", ALONE, MISSING, "allowed: resume=FOLDER"),
    _folder("resume=run", "resume=run", "config.yaml", "run", A_RUN, run__notes="mine"),
    _folder("resume=run", "resume", "run/config.yaml", "a: [1", WROTE, run__config_yaml="a: [1\n"),
    _folder("resume=run -m", "-m", ALONE, "-m", "allowed: key=value", run__config_yaml="seed: 1\n"),
    _folder("resume=run force=perhaps", "force", ALONE, "perhaps", "force=true", run__config_yaml="seed: 1\n"),
    _folder("force=true", "force", ALONE, "true", "allowed: resume=FOLDER"),
    _folder("hydra.run.dir=run", "run", ALONE, "it holds notes", ITS_OWN, run__notes="mine"),
    _folder("hydra.run.dir=notes", "notes", ALONE, "Not a directory", ITS_OWN, notes="a file"),
]
