"""The simulator: NumPy and Numba only, batched over firms, for any regime given as numbers."""
