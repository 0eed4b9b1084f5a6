"""Serving a model over REST: our own loop, and Flask for what is small and rare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mlmodel.pyfunc.model import PyFuncModel

__all__ = ["wsgi"]


def wsgi(model: PyFuncModel, *, terse: bool = False) -> WSGIApplication:
    """Return the server of a loaded model as a WSGI application, for your own server.

    It answers as ``mlmodel serve`` does (spec/scoring-rest.md), with that command's default limits:
    it may be mounted in another application, or be called in process without any server.

    Args:
        model: what :func:`mlmodel.load` returned.
        terse: errors say code and rule only (ERR-008).

    Raises:
        MissingDependency: flask is not installed (extra ``serve``).

    """
    from mlmodel._base.extras import named_extra

    with named_extra():
        from mlmodel.serving.app import Application

    return Application(model.engine, terse=terse)
