"""Train an agent as a covered firm, compare it with the rules on held-out seeds, and keep everything in a folder.

python train.py                             PPO on nea/KETS-v0
python train.py env=tokyo algo=sac seed=3   another market, another algorithm
python train.py --help                      all options
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: idle threads would spin on the core's CPUs
os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # main() gets every error as it is and reports it in one line

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import hydra
import yaml
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from agents.command_line import CONFIGS, CommandLine, asks_to_resume, composing, help_text, plain
from agents.explain import explain
from agents.refusal import CheckpointError, JobError, SettingsError, tell
from agents.run_folder import RunFolder
from agents.settings import check

# agents.training, and torch with it, is imported when a run begins: mistakes are reported seconds earlier


@hydra.main(version_base="1.3", config_path=str(CONFIGS), config_name="config")
def job(config: DictConfig) -> float:
    """One run in Hydra's folder; its mean cost is what a sweep minimises."""
    from agents import sweeping, training

    details = HydraConfig.get()
    folder = RunFolder(Path(details.runtime.output_dir))
    multirun = details.mode == RunMode.MULTIRUN
    try:
        if multirun:
            begin, go_on = partial(training.begin, brief=True), partial(training.run, brief=True)
            return sweeping.run_job(config, details, folder, begin=begin, go_on=go_on)
        settings = check(plain(config))
        with folder.claimed(ignored={details.output_subdir}):
            return training.begin(settings, folder)
    except (SettingsError, CheckpointError) as error:
        tell(error)
        failed = JobError()
    except OSError as error:
        tell(f"{folder.path}: {error}")
        failed = JobError()
    except JobError as error:
        failed = error
    if multirun:
        raise failed  # Hydra runs the other jobs first
    raise SystemExit(1)


def command(arguments: list[str]) -> None:
    """Do what a command line asks for.

    Raises:
        SettingsError: it can't be done.
        CheckpointError: the run to resume is damaged.
    """
    if {"--help", "-h"} & set(arguments):
        print(help_text())
        return
    asked = asks_to_resume(arguments)
    if asked is not None:
        from agents import resume_sweep, sweeping, training

        sweep = resume_sweep.asked(asked)
        if sweep is not None:
            sweeping.go_on(sweep, asked.force, job)
        else:
            training.go_on(asked)
        return
    line = CommandLine(arguments)
    shown = line.configuration()
    if shown is not None:
        print(yaml.safe_dump(shown.plain(), allow_unicode=True, sort_keys=False), end="")
        return
    hydra_arguments = line.prepare()
    if line.sweep is not None:
        from agents import sweeping

        sweeping.start(line.sweep, arguments, hydra_arguments, job)
    else:
        sys.argv[1:] = hydra_arguments
        job()


@contextmanager
def exit_codes() -> Iterator[None]:
    """Report expected endings in one line: 2 for a refused command line, 1 for a failed run, 130 after Ctrl-C."""
    try:
        yield
    except (SettingsError, CheckpointError) as error:
        tell(error)
        sys.exit(2)
    except (HydraException, OmegaConfBaseException) as error:
        with composing():
            tell(explain(error))
        sys.exit(2)
    except OSError as error:
        tell(error)
        sys.exit(1)
    except JobError:
        sys.exit(1)
    except KeyboardInterrupt:
        tell("stopped")
        sys.exit(130)


def main() -> None:
    """Check the command line, then run, sweep or resume."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # for a terminal that knows only ASCII
    with exit_codes():
        command(sys.argv[1:])


if __name__ == "__main__":
    main()
