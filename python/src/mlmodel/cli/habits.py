"""What users of MLflow's command line write, and what it is here."""

from __future__ import annotations

__all__ = ["of_command", "of_option"]

#: Commands of ``mlflow models`` -> what does that here.
_MODELS = {"serve": "serve", "predict": "predict"}
_ENVIRONMENT = (
    "mlmodel makes no environments: install what the model's requirements.txt names, and leave "
    "this option out."
)
_OPTIONS = {
    "--env-manager": _ENVIRONMENT,
    "--no-conda": _ENVIRONMENT,
    "--install-mlflow": "MLflow is not needed here; leave this option out.",
    "--install-java": "Java is not needed here; leave this option out.",
    "--enable-mlserver": (
        "MLServer is not used here, its protocol is answered at /v2 anyway; leave this option out."
    ),
    "--gunicorn-opts": "Gunicorn is not used here; -w and --threads say how much runs at a time.",
    "--timeout": "There is no such bound here; leave this option out.",
    "--input-file": "The option is -i, or --input-path.",
    "--model-path": "The option is -m, or --model-uri.",
    "--json-format": "The dialect of 1.x is known by the body; leave this option out.",
}


def of_command(args: list[str]) -> str:
    """Return what the words of a command of MLflow's are here; nothing for others."""
    name, following = args[0], next((one for one in args[1:] if not one.startswith("-")), "")
    if name in {"models", "pyfunc", "sklearn"}:
        if following in _MODELS:
            return f"MLflow's `{name} {following}` is `mlmodel {_MODELS[following]}`."
        there = " and ".join(f"`mlmodel {one}`" for one in _MODELS.values())
        return f"In place of MLflow's `{name}` use {there}."
    if name in {
        "server",
        "ui",
        "run",
        "experiments",
        "runs",
        "artifacts",
        "deployments",
        "sagemaker",
    }:
        return f"`{name}` is a command of MLflow's that mlmodel does not have."
    return ""


def of_option(name: str) -> str:
    """Return what an option of MLflow's is here; nothing for others."""
    return _OPTIONS.get(name, "")
