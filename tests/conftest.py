"""Settings of every test process, made before anything imports Numba."""

from __future__ import annotations

import os

# Workers share two cores: a thread pool each would fight. Tests that need two threads start their own process.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
