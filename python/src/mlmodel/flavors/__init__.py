"""One module per flavor; names that start with ``_`` are what they share.

A flavor of one's own is a subclass of ``Flavor``; ``register`` makes its instance known, and so
does the entry point ``mlmodel.flavors`` of an installed distribution.
"""

from mlmodel.flavors._base import Flavor, Saved
from mlmodel.flavors._registry import register
from mlmodel.scoring.predict import Predict

__all__ = ["Flavor", "Predict", "Saved", "register"]
