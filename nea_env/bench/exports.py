"""What tables are turned into for other programs."""

from __future__ import annotations

import importlib
import json
from typing import Any


def as_json(tree: dict[str, Any]) -> str:
    """Plain values as JSON, which has no NaN."""
    return json.dumps(tree, indent=2, allow_nan=False) + "\n"


def pandas() -> Any:
    """The library.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return importlib.import_module("pandas")
    except ImportError:
        raise ImportError("to_pandas needs pandas: pip install pandas; to_dict needs nothing") from None
