"""The rules of the house, read off the source tree; each check is also shown a tree that breaks it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SKIPPED = {".git", "build", "dist", "runs", "outputs", "multirun", "__pycache__"}
LINES_MAX = 400
FUNCTION_LINES_MAX, PARAMETERS_MAX = 80, 12
LAYERS = (  # lowest first; a unit may import itself and what stands in a lower row
    ("nea_env.scenario", "nea_env.atomic"),
    ("nea_env.library",),
    ("nea_env.core.columns", "nea_env.core.interruption"),
    ("nea_env.core.layout", "nea_env.core.cache"),
    ("nea_env.core.static_parameters", "nea_env.core.month_parameters", "nea_env.core.event_parameters"),
    ("nea_env.core.parameters", "nea_env.core.jit"),
    ("nea_env.core.blocks", "nea_env.core.pool", "nea_env.core.elementary"),
    ("nea_env.core.rng",),
    ("nea_env.core.rules",),
    ("nea_env.core.equilibrium",),
    ("nea_env.core.lowering", "nea_env.core.play"),  # neither knows of the other: the tables stand between them
    ("nea_env.core",),
    ("nea_env.envs",),
    ("nea_env.policies", "nea_env.wrappers"),
    ("nea_env.market", "nea_env.solvers"),
    ("nea_env.bench",),
    ("nea_env.solvers.__main__",),  # commands on policies of every kind, which bench knows
    ("nea_env",),  # the package's own __init__, which opens it to the outside
    ("agents",),
    ("train", "benchmarks"),
)
LEVEL = {unit: level for level, row in enumerate(LAYERS) for unit in row}
APART = {  # lower, and not imported all the same
    "nea_env.core.equilibrium": {"nea_env.scenario", "nea_env.library"},
    "nea_env.core.rules": {"nea_env.scenario", "nea_env.library", "nea_env.core.blocks"},
    "nea_env.core.play": {"nea_env.scenario", "nea_env.library"},
}

THIRD_PARTY = {  # what each unit may import beside the standard library
    "nea_env.atomic": set(),
    "nea_env.scenario": {"pydantic"},
    "nea_env.library": {"pydantic", "pydantic_core", "ruamel"},
    "nea_env.core": {"numpy", "numba", "llvmlite", "tqdm"},
    "nea_env.envs": {"numpy", "gymnasium", "matplotlib"},
    "nea_env.wrappers": {"numpy", "gymnasium"},
    "nea_env.policies": {"numpy", "gymnasium", "tqdm", "highspy"},
    "nea_env.market": {"numpy", "matplotlib", "tqdm"},
    "nea_env.solvers": {"numpy", "tqdm"},
    "nea_env.bench": {"numpy", "gymnasium", "matplotlib", "tqdm"},
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COMES_ALONG = {"pydantic_core", "llvmlite"}  # pydantic and Numba pin them, and they are part of their interfaces
HEAVY = {"torch", "matplotlib", "numba", "stable_baselines3", "hydra", "pandas", "scipy"}

GENERATORS = {"Generator", "BitGenerator", "SeedSequence", "Philox", "PCG64", "default_rng"}
STATE_KEEPERS = {"agents/checkpoint.py": {"get_state", "set_state"}}  # exact resume keeps the state SB3 draws from

CATCH_ALL = re.compile(r"(^|/)(utils?|helpers?|common|misc)(\.py|/)")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|farm|root|home|tmp)/[a-z]|\.\./shared\b")
PAGE = re.compile(r"(?<![\w*{<])[\w./-]*\w\.md\b")


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Project files below root with one of the suffixes; hidden folders (but .ci) and products are not entered."""
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(one for one in inner if one not in SKIPPED and (one == ".ci" or not one.startswith(".")))
        paths = (Path(folder, one) for one in sorted(names) if one not in SKIPPED)
        yield from (path for path in paths if path.suffix in suffixes)


def name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit_of(module: str) -> str | None:
    """The longest unit that holds the module, None for a foreign one."""
    matches = [unit for unit in LEVEL if module == unit or module.startswith(unit + ".")]
    return max(matches, key=len, default=None)


def imported(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of each import, relative ones resolved; `from a import b` gives a.b where that is a module."""
    package = module_of(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = root.joinpath(*source.split("."), alias.name)
                is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
                yield node.lineno, f"{source}.{alias.name}" if is_module else source


def third_party(unit: str) -> set[str] | None:
    """What a unit may import beside the standard library: as much as the unit that holds it; None: anything."""
    return next((allowed for holder, allowed in THIRD_PARTY.items() if f"{unit}.".startswith(f"{holder}.")), None)


def upward_imports(root: Path) -> list[str]:
    """Imports of a module in the same row or above, or of a unit or a package that its unit does without."""
    found = []
    for path in files(root, ".py"):
        unit = unit_of(module_of(path, root))
        if unit is None:
            continue
        for line, module in imported(path, root):
            target = unit_of(module)
            if target is not None:
                wrong = (target != unit and LEVEL[target] >= LEVEL[unit]) or target in APART.get(unit, ())
            else:
                top, allowed = module.split(".")[0], third_party(unit)
                wrong = allowed is not None and top not in sys.stdlib_module_names | allowed
            if wrong:
                found.append(f"{name(path, root)}:{line}: {unit} imports {module}")
    return found


def modules_of(requirements: list[str]) -> set[str]:
    """Top-level modules of requirements: `ruamel.yaml>=0.18` gives ruamel."""
    return {re.match(r"\w[\w-]*", requirement).group().replace("-", "_") for requirement in requirements}


def lines_run_later(path: Path) -> set[int]:
    """Lines that importing the file does not run: bodies of functions, and what only type checkers read."""
    later = set()
    for node in ast.walk(ast.parse(path.read_text())):
        unread = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if unread or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            later.update(range(node.body[0].lineno, node.body[-1].end_lineno + 1))
    return later


def loaded_late(root: Path) -> set[str]:
    """Modules of the package that others import, but none before a function needs them."""
    importers: dict[str, set[str]] = {}
    for path in files(root, ".py"):
        if not name(path, root).startswith("nea_env/"):
            continue
        later = lines_run_later(path)
        for line, module in imported(path, root):
            importers.setdefault(module, set()).add("" if line in later else module_of(path, root))
    late = set(importers)
    while early := {module for module in late if importers[module] - late - {""}}:
        late -= early
    return late


def imports_beyond_the_base(root: Path) -> list[str]:
    """Imports that fail after `pip install .`: of no dependency, or of an extra's before a function needs it."""
    base = modules_of(PROJECT["dependencies"]) | COMES_ALONG | sys.stdlib_module_names | {"nea_env"}
    optional = modules_of([*PROJECT["optional-dependencies"]["render"], *PROJECT["optional-dependencies"]["plan"]])
    late, found = loaded_late(root), []
    for path in files(root, ".py"):
        if not name(path, root).startswith("nea_env/"):
            continue
        later = lines_run_later(path)
        for line, module in imported(path, root):
            allowed = base | optional if line in later or module_of(path, root) in late else base
            if module.split(".")[0] not in allowed:
                found.append(f"{name(path, root)}:{line}: {module} is no base dependency")
    return found


def long_files(root: Path) -> list[str]:
    counts = {name(path, root): len(path.read_text().splitlines()) for path in files(root, ".py")}
    return [f"{file}: {lines} lines" for file, lines in counts.items() if lines > LINES_MAX]


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Number of parameters of a function, but for self and cls."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return sum(one.arg not in {"self", "cls"} for one in named)


def large_functions(root: Path) -> list[str]:
    """Functions of the package and the agents that are too long or take too much."""
    found = []
    for path in files(root, ".py"):
        file = name(path, root)
        if not file.startswith(("nea_env/", "agents/")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines, taken = node.end_lineno - node.lineno + 1, parameters(node)
                if lines > FUNCTION_LINES_MAX or taken > PARAMETERS_MAX:
                    found.append(f"{file}:{node.lineno}: {node.name}: {lines} lines, {taken} parameters")
    return found


def catch_all_names(root: Path) -> list[str]:
    return [name(path, root) for path in files(root, ".py") if CATCH_ALL.search(name(path, root))]


def global_randomness(root: Path) -> list[str]:
    """Uses of np.random but for its generator classes, and of the random module inside the package."""
    found = []
    for path in files(root, ".py"):
        file = name(path, root)
        allowed = GENERATORS | STATE_KEEPERS.get(file, set())
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "random"
                and isinstance(node.value.value, ast.Name)
                and node.value.value.id in {"np", "numpy"}
                and node.attr not in allowed
            ):
                found.append(f"{file}:{node.lineno}: np.random.{node.attr}")
        for line, module in imported(path, root):
            if module == "numpy.random" or (module == "random" and file.startswith("nea_env/")):
                found.append(f"{file}:{line}: imports {module}")
    return found


def foreign_places(root: Path) -> list[str]:
    """Paths of one machine, and pages that the project does not have."""
    found = []
    for path in (*files(root, ".py", ".md", ".toml", ".yaml", ".yml", ".txt", ""), *root.glob(".ci/*")):
        for line, text in enumerate(path.read_text().splitlines(), start=1):
            found += [f"{name(path, root)}:{line}: {hit}" for hit in MACHINE_PATH.findall(text)]
            if path.suffix in {".py", ".yaml", ".yml"}:
                pages = [page for page in PAGE.findall(text) if not (root / page).is_file()]
                found += [f"{name(path, root)}:{line}: no page {page}" for page in pages]
    return found


CHECKS = (
    upward_imports,
    imports_beyond_the_base,
    long_files,
    large_functions,
    catch_all_names,
    global_randomness,
    foreign_places,
)

BROKEN = [
    (upward_imports, "nea_env/core/play/decisions.py", "from nea_env.envs import firm"),
    (upward_imports, "nea_env/core/play/decisions.py", "from ..envs.firm import FirmEnv"),
    (upward_imports, "nea_env/core/play/decisions.py", "def late():\n    import nea_env"),
    (upward_imports, "nea_env/core/play/decisions.py", "import gymnasium"),
    (upward_imports, "nea_env/core/play/decisions.py", "from nea_env.core.lowering import periods"),
    (upward_imports, "nea_env/core/lowering/periods.py", "from nea_env.core.play.links import sellable"),
    (upward_imports, "nea_env/core/rules/banking.py", "from nea_env.core.play import booking"),
    (upward_imports, "nea_env/core/equilibrium/solve.py", "from nea_env.scenario import Regime"),
    (upward_imports, "nea_env/envs/rendering.py", "from nea_env.market import figures"),
    (upward_imports, "nea_env/market/figures.py", "import scipy"),
    (upward_imports, "nea_env/envs/firm.py", "from nea_env.policies.rules import JustInTime"),
    (upward_imports, "nea_env/policies/play.py", "from nea_env.bench import scores"),
    (upward_imports, "nea_env/policies/levers.py", "from rich.table import Table"),
    (upward_imports, "nea_env/solvers/lattice.py", "import nea_env.market.paths"),
    (upward_imports, "nea_env/bench/scores.py", "from agents import sb3"),
    (imports_beyond_the_base, "nea_env/market/paths.py", "from rich.progress import track"),
    (imports_beyond_the_base, "nea_env/market/figures.py", "from matplotlib.figure import Figure"),
    (imports_beyond_the_base, "nea_env/envs/firm.py", "from matplotlib.figure import Figure"),
    (imports_beyond_the_base, "nea_env/core/jit.py", "def late():\n    import scipy.sparse"),
    (imports_beyond_the_base, "nea_env/core/jit.py", "try:\n    import tqdm, torch\nexcept ImportError:\n    pass"),
    (long_files, "nea_env/core/play/decisions.py", "x = 1\n" * (LINES_MAX + 1)),
    (large_functions, "nea_env/core/rules/banking.py", "def long():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
    (large_functions, "agents/rules.py", f"def wide({', '.join(f'x{k}' for k in range(PARAMETERS_MAX))}, *more): ..."),
    (catch_all_names, "nea_env/core/utils.py", ""),
    (catch_all_names, "agents/common/figures.py", ""),
    (global_randomness, "agents/sb3.py", "import numpy as np\nnp.random.seed(0)"),
    (global_randomness, "agents/sb3.py", "from numpy.random import rand"),
    (global_randomness, "nea_env/core/rng.py", "import random"),
    (foreign_places, "agents/sb3.py", '"""Figures: ' + "/" + 'home/me/figures."""'),
    (foreign_places, "nea_env/library/regimes/x.yaml", "source: notes" + ".md, page 3"),
]


@pytest.mark.parametrize("check", CHECKS)
def test_project_keeps_the_rule(check: Callable[[Path], list[str]]) -> None:
    assert check(ROOT) == []


@pytest.mark.parametrize(("check", "file", "text"), BROKEN)
def test_check_finds_a_broken_rule(check: Callable[[Path], list[str]], file: str, text: str, tmp_path: Path) -> None:
    for unit in ("nea_env/envs/firm.py", file):
        path = tmp_path / unit
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if unit == file else "")
    assert [found.split(":")[0] for found in check(tmp_path)] == [file]


def test_check_passes_downward_imports(tmp_path: Path) -> None:
    path = tmp_path / "nea_env/envs/firm.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import gymnasium\nfrom ..core.batch import Batch\nfrom .spaces import menu\nfrom nea_env import library"
    )
    (tmp_path / "nea_env/library").mkdir()
    assert upward_imports(tmp_path) == []


def test_check_passes_an_extra_where_it_is_optional(tmp_path: Path) -> None:
    path = tmp_path / "nea_env/market/figures.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "import tqdm, ruamel.yaml\nif TYPE_CHECKING:\n    import matplotlib\ndef draw():\n    import matplotlib.figure"
    )
    assert imports_beyond_the_base(tmp_path) == []


def test_check_passes_an_extra_in_a_module_that_only_functions_load(tmp_path: Path) -> None:
    envs = tmp_path / "nea_env/envs"
    envs.mkdir(parents=True)
    (envs / "panels.py").write_text("import matplotlib")
    (envs / "picture.py").write_text("import matplotlib\nfrom nea_env.envs import panels")
    (envs / "firm.py").write_text("def render():\n    from nea_env.envs import picture")
    assert imports_beyond_the_base(tmp_path) == []
    (envs / "firm_vector.py").write_text("from nea_env.envs import panels")
    assert [line.split(":")[0] for line in imports_beyond_the_base(tmp_path)] == ["nea_env/envs/panels.py"]


def test_import_is_light() -> None:
    code = "import sys, nea_env; print(*sorted({m.partition('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert HEAVY & set(loaded.stdout.split()) == set()


def test_import_registers_the_ids() -> None:
    code = "import gymnasium, nea_env; print(*(i for i in gymnasium.registry if i.startswith('nea/')))"
    ids = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {f"nea/{law}{form}-v0" for law in ("TPS", "KETS", "Tokyo") for form in ("", "Discrete")} <= set(
        ids.stdout.split()
    )


def test_a_wheel_on_the_path_says_that_it_must_be_installed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "nea_env.whl", "w") as wheel:
        wheel.write(ROOT / "nea_env/__init__.py", "nea_env/__init__.py")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'nea_env.whl')!r}); import nea_env"
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert told.returncode == 1
    assert re.search(r"ImportError: nea_env can't be used from inside .*nea_env\.whl: install it with pip", told.stderr)


def test_version_is_stated_once() -> None:
    import nea_env

    assert nea_env.__version__ == PROJECT["version"]


def test_lock_is_exact_and_covers_every_dependency() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(dep for extra in ("train", "render", "plan", "dev") for dep in extras[extra])]
    lines = [line for line in (ROOT / "requirements/lock.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    locked = {line.partition("==")[0] for line in lines}
    needed = {re.sub(r"[._]", "-", re.match(r"[\w.-]+", dep).group()) for dep in wanted}
    assert needed - locked == set()


def test_wheel_holds_the_library_and_nothing_else(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = {entry for entry in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in entry}
    law = {name(path, ROOT) for path in files(ROOT / "nea_env", ".yaml")}
    assert law and law <= shipped
    assert {entry.partition("/")[0] for entry in shipped} == {"nea_env"}
