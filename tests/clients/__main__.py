"""``python -m tests.clients [client …]``: each client in an environment of its own, its test, and a table of all.

Environments stay in ``.venvs`` and are used again until what they ask for changes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path

from tests.clients.matrix import CLIENTS, Client

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".venvs"
LOCK = ROOT / "requirements/lock.txt"
BEGIN, END = "<!-- releases: make clients", "<!-- end of releases -->"
STRICT_HERE = "filterwarnings=default\nerror:::nea_env"  # what a client warns of is the client's affair


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the clients named, print the table; 1 when one failed or could not be installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.clients", description=__doc__)
    parser.add_argument("clients", nargs="*", choices=[[], *CLIENTS], metavar="client", help=", ".join(CLIENTS))
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the whole table between this page's markers")
    options = parser.parse_args(arguments)
    if options.write and options.clients:
        parser.error("--write takes the table of every client: name none")
    rows = []
    for name in options.clients or CLIENTS:
        print(f"--- {name}", file=sys.stderr, flush=True)
        rows.append((CLIENTS[name].title, *played(name, CLIENTS[name])))
    table = "\n".join(f"| {' | '.join(row)} |" for row in (("client", "release", "what changed", "result"), *rows))
    table = table.replace("\n", "\n|---|---|---|---|\n", 1)
    print(table)
    if options.write:
        write(options.write, table)
    return int(any(not re.fullmatch(r"\d+ passed", result) for *_, result in rows))


def played(name: str, client: Client) -> tuple[str, str, str]:
    """Release, what changed and result of one client."""
    try:
        python = installed(name, client) if client.packages or client.extras else Path(sys.executable)
    except subprocess.CalledProcessError as error:
        return "", client.changed, f"not installed: {last_error(error.stdout)}"
    asked = "import sys; from importlib.metadata import version; print(version(sys.argv[1]).partition('+')[0])"
    release = run([python, "-c", asked, client.distribution]).stdout.strip()
    quietly = ["-q", "-p", "no:cacheprovider", "-o", STRICT_HERE]
    tested = run([python, "-m", "pytest", *quietly, f"tests/clients/{client.test}"])
    counts = re.findall(r"^[= ]*(\d+ [a-z]+.*?)(?:, \d+ warnings?)? in [\d.]+s", tested.stdout, re.MULTILINE)
    result = counts[-1] if counts else last_error(tested.stdout)
    if tested.returncode:
        print(tested.stdout, file=sys.stderr)
    return f"{client.distribution} {release}", client.changed, result


def installed(name: str, client: Client) -> Path:
    """The python of the client's environment, made where it is missing or asks for something else now."""
    folder = ENVIRONMENTS / name
    python, stamp = folder / "bin/python", folder / "installed.txt"
    torch = re.search(r"^torch==.*$", LOCK.read_text(), re.MULTILINE).group()
    offered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    extras = [package for extra in client.extras for package in offered[extra]]
    asked = "\n".join([*([torch] if client.torch else []), *client.packages, *extras])
    if stamp.is_file() and stamp.read_text() == asked:
        return python
    venv.create(folder, with_pip=True, clear=True)
    constraints = folder / "constraints.txt"
    constraints.write_text(torch)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", constraints]
    if client.torch:  # first, so that nothing brings another build of it
        run([*pip, torch]).check_returncode()
    run([*pip, *client.packages, *extras, "pytest", "--editable", ROOT]).check_returncode()
    stamp.write_text(asked)
    return python


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run in the checkout with one thread and exact arithmetic; stderr goes with stdout."""
    single = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_DISABLE_INTEL_SVML": "1"}
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | single, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def last_error(printed: str) -> str:
    """The last line that names an error."""
    lines = [line.strip() for line in printed.splitlines() if re.search(r"error", line, re.IGNORECASE)]
    return lines[-1] if lines else "no reason given"


def write(page: Path, table: str) -> None:
    """Put the table between the page's markers."""
    head, _, rest = page.read_text().partition(BEGIN)
    marker, _, rest = rest.partition("\n")
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{BEGIN}{marker}\n{table}\n{END}{tail}")


if __name__ == "__main__":
    raise SystemExit(main())
