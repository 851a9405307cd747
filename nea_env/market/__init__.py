"""Prices on their own: paths as arrays, pictures of them, and a table of how each market was calibrated.

``python -m nea_env.market`` draws and tabulates.
"""

from nea_env.market.paths import PricePaths, price_paths

__all__ = ["PricePaths", "price_paths"]
