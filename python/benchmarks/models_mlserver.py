"""MLServer's model of the benchmark, and its folder: ``python models_mlserver.py FOLDER``.

A no-op on a data frame, which MLServer's own codec makes of the request's tensors.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from mlserver import MLModel
from mlserver.codecs import NumpyCodec, PandasCodec
from mlserver.types import InferenceResponse


class FirstColumn(MLModel):
    """Answers the first column."""

    async def load(self):
        """Nothing is to be loaded."""
        return True

    async def predict(self, payload):
        """Answer one request."""
        frame = PandasCodec.decode_request(payload)
        output = NumpyCodec.encode_output("predictions", frame.to_numpy()[:, 0])
        return InferenceResponse(model_name=self.name, outputs=[output])


def main(folder: Path) -> None:
    """Write a model repository with the model ``few``."""
    folder.mkdir()
    shutil.copy(__file__, folder / "models_mlserver.py")
    # Of its numbers of processes, none of its own for a model is the fastest here.
    settings = {"parallel_workers": 0, "debug": False, "metrics_endpoint": None}
    (folder / "settings.json").write_text(json.dumps(settings))
    model = {"name": "few", "implementation": "models_mlserver.FirstColumn"}
    (folder / "model-settings.json").write_text(json.dumps(model))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
