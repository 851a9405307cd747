"""``python -m tests.golden FILE``: proof that a rebuilding of the simulator changed no bit.

The first call writes FILE, a later one plays everything again and tells, for every case that differs, the first month
and the columns in which it does. FILE holds a hash of every column of every month, by the column's name, so that
columns may be added or moved. It belongs to one machine: the last bits depend on the processor and the libraries, so
hashes are never compared across machines, and FILE is not committed.

A case is called SCENARIO/PROCESS/PATTERN: what is played, under which price process (or in which way, for batches with
rows in different months), by what actions. To see the numbers behind a difference, use --show in the changed tree, and
--show with --month in the tree before.
"""

from __future__ import annotations

import os

os.environ["NUMBA_NUM_THREADS"] = "1"  # before the core is imported
os.environ["NUMBA_DISABLE_INTEL_SVML"] = "1"  # with it a result may depend on its place in the batch

import sys

from tests.golden.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
