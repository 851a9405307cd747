"""The jobs that a command line means: every combination of the values it sweeps over, or a sample of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig

from agents import scenario_choice
from agents.refusal import SettingsError
from agents.scenario_words import as_typed

_BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


class Jobs(NamedTuple):
    """Jobs to check.

    Attributes:
        first: the first job's configuration, with Hydra's own.
        overrides: of each job.
        complete: whether these are all jobs that will run, in this order. A sweeper other than Hydra's basic one
            chooses its jobs itself: then each value is tried once, and both ends of an interval.
        keys: set on the command line.
    """

    first: DictConfig
    overrides: list[list[str]]
    complete: bool
    keys: set[str]


def enumerate_jobs(overrides: Sequence[str], multirun: bool, compose: Callable[[list[str]], DictConfig]) -> Jobs:
    """The jobs of a command line; call it while Hydra is initialised.

    Args:
        overrides: ``key=value``, ``key=a,b``, ``key=interval(a,b)`` and so on.
        multirun: whether to sweep.
        compose: a job's configuration.

    Raises:
        SettingsError: several values without a sweep, or a kind of values that the sweeper does not take.
        HydraException: an override can't be parsed.
    """
    parsed = _parse(overrides)
    given = {one.get_key_element(): _values(one, multirun) for one in parsed}
    first = compose([values[0] for values in given.values()])
    if not multirun:
        return Jobs(first, [[values[0] for values in given.values()]], True, {one.key_or_group for one in parsed})
    sweeper = first.hydra.sweeper
    params = sweeper.get("params") or {}
    swept = {one.get_key_element(): one for one in _parse([f"{key}={text}" for key, text in params.items()])}
    basic = sweeper._target_ == _BASIC
    if basic and sweeper.max_batch_size is not None and sweeper.max_batch_size < 1:
        raise SettingsError(f"hydra.sweeper.max_batch_size: {sweeper.max_batch_size}, allowed: at least 1, or null")
    for one in [*swept.values(), *parsed]:
        if basic and one.is_interval_sweep():
            raise SettingsError(
                f"{_typed(one)}: an interval needs a sweeper that draws from it, for instance hydra/sweeper=optuna; "
                "allowed with Hydra's own: a,b or choice(a,b), range(a,b), glob(pattern)"
            )
    columns = {key: _values(one, True) for key, one in swept.items()} | given
    rows = itertools.product(*columns.values()) if basic else _one_at_a_time(list(columns.values()))
    return Jobs(first, [list(row) for row in rows], basic, {one.key_or_group for one in parsed})


def values_by_key(overrides: Sequence[str]) -> dict[str, str]:
    """Values by key, spelt the same whether typed or noted by Hydra, whose own keys are left out.

    Args:
        overrides: of one job, one value each. A scenario file is given by its path.
    """
    own = (one for one in OverridesParser.create().parse_overrides(list(overrides)) if not one.is_hydra_override())
    values = {as_typed(one.get_key_element().lstrip("+~")): one.get_value_element_as_str() for one in own}
    return {key: scenario_choice.typed(value) if key == "scenario" else value for key, value in values.items()}


def without_globs(arguments: Sequence[str]) -> list[str]:
    """The arguments with each ``key=glob(pattern)`` as a choice, which every sweeper knows; Hydra is initialised."""
    return [_choice(one) if "=glob(" in one else one for one in arguments]


def _choice(argument: str) -> str:
    (one,) = _parse([argument])
    values = [value.partition("=")[2] for value in _values(one, True)]
    return f"{one.get_key_element()}=choice({','.join(values)})"


def _parse(overrides: Sequence[str]) -> list[Override]:
    hydra = GlobalHydra.instance().hydra
    return OverridesParser.create(None if hydra is None else hydra.config_loader).parse_overrides(list(overrides))


def _values(one: Override, multirun: bool) -> list[str]:
    """``key=value`` for each value of an override; for an interval, its ends and a point inside."""
    if not one.is_sweep_override() or (one.is_hydra_override() and not multirun):
        return [str(one.input_line)]
    if not multirun:
        raise SettingsError(f"{_typed(one)}: several values; allowed: one, or with -m a sweep over them")
    key = one.get_key_element()
    value = one.value()
    if isinstance(value, IntervalSweep):  # what is drawn is not a whole number, even if the ends are
        assert value.start is not None and value.end is not None
        inside = value.start + 0.381966 * (value.end - value.start)
        return [f"{key}={value.start}", f"{key}={value.end}", f"{key}={inside}"]
    try:
        values = [f"{key}={text}" for text in one.sweep_string_iterator()]
    except (HydraException, ValueError) as error:  # a range without a step
        raise SettingsError(f"{_typed(one)}: {error}") from None
    if not values:
        raise SettingsError(f"{_typed(one)}: there is no such value")
    return values


def _typed(one: Override) -> str:
    return as_typed(str(one.input_line).lstrip("+"))


def _one_at_a_time(columns: list[list[str]]) -> list[list[str]]:
    """The first of each, then every other value with the first of the others."""
    first = [values[0] for values in columns]
    others = ((place, value) for place, values in enumerate(columns) for value in values[1:])
    return [first, *([*first[:place], value, *first[place + 1 :]] for place, value in others)]
