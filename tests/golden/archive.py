"""The file of hashes: one record a case, and the machine whose arithmetic they are."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from pathlib import Path

import llvmlite.binding
import numba
import numpy as np

from tests.golden.play import Record


def write(path: Path, records: Mapping[str, Record]) -> None:
    """Write every case's record."""
    names = list(dict.fromkeys(name for record in records.values() for name in record.names))
    place = {name: index for index, name in enumerate(names)}
    arrays = {}
    for number, record in enumerate(records.values()):
        arrays[f"columns_{number}"] = np.array([place[name] for name in record.names], np.uint16)
        arrays[f"hashes_{number}"] = np.asfortranarray(record.hashes)  # by column: one that stays is packed well
    with path.open("wb") as file:
        np.savez_compressed(
            file, machine=np.array(machine()), cases=np.array(list(records)), names=np.array(names), **arrays
        )


class Archive(Mapping[str, Record]):
    """Records by case, read as they are asked for."""

    def __init__(self, path: Path) -> None:
        self._file = np.load(path, allow_pickle=False)
        self._numbers = {str(case): number for number, case in enumerate(self._file["cases"])}
        self._names = [str(name) for name in self._file["names"]]
        self.machine = str(self._file["machine"])

    def __getitem__(self, case: str) -> Record:
        number = self._numbers[case]
        names = tuple(self._names[index] for index in self._file[f"columns_{number}"])
        return Record(names, self._file[f"hashes_{number}"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def machine() -> str:
    """What the last bits depend on beside the simulator: the processor and the libraries."""
    svml = "with" if numba.config.USING_SVML else "without"
    return (
        f"{platform.machine()} {llvmlite.binding.get_host_cpu_name()}, {' '.join(platform.libc_ver())}, Python"
        f" {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__} {svml} SVML"
    )
