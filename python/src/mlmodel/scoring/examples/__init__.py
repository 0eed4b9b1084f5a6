"""Input examples: an instance of valid input, beside the model as JSON (spec/input-example.md).

``writing`` saves one, ``reading`` gives it back in the form that the model takes or as a request,
``checking`` holds a saved one against the signature without pandas.
"""

from __future__ import annotations

__all__ = ["FILE_NAME", "MOST_BYTES", "SERVING_FILE_NAME"]

FILE_NAME = "input_example.json"
#: The same example as the body of a request (EXA-011), under MLflow's name.
SERVING_FILE_NAME = "serving_input_example.json"
#: Larger examples are refused: an example is a record or a small batch.
MOST_BYTES = 64 * 2**20
