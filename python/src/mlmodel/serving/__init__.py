"""Serving models over REST: our own loop, and Flask for what is small and rare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from mlmodel.pyfunc.model import PyFuncModel

__all__ = ["wsgi"]


def wsgi(
    model: PyFuncModel | Mapping[str, PyFuncModel],
    *,
    terse: bool = False,
    metrics: bool = False,
    server_timing: bool = False,
    access_log: bool = False,
    page: bool = True,
) -> WSGIApplication:
    """Return the server of loaded models as a WSGI application, for your own server.

    It answers as ``mlmodel serve`` does (spec/scoring-rest.md and spec/scoring-v2.md), with that
    command's default limits: it may be mounted in another application, or be called in process
    without any server. The repository extension is not there.

    Args:
        model: what :func:`mlmodel.load` returned, which is called ``model`` then; or several
            of them by their names.
        terse: errors say code and rule only (ERR-008).
        metrics: requests are counted, and ``/metrics`` tells the counts of this process (RST-153).
        server_timing: answers of models say how long each stage took (RST-150).
        access_log: each request is a record of the logger ``mlmodel.access`` (RST-155).
        page: the page and the description for tools are there (RST-181).

    Raises:
        InvalidArgument: a name is not right, or there is no model (RST-130).
        MissingDependency: flask is not installed (extra ``serve``), or prometheus-client where
            ``metrics`` is asked for (extra ``metrics``).

    """
    from mlmodel._base.extras import named_extra, require

    with named_extra():
        from mlmodel.serving.app import Application
    if metrics:
        require("prometheus_client", "metrics", "prometheus-client")
    from mlmodel.serving import names
    from mlmodel.serving.about import About
    from mlmodel.serving.models import Hosted
    from mlmodel.serving.observing.access import to_logger
    from mlmodel.serving.observing.observer import Watch

    models = model if isinstance(model, Mapping) else {names.UNNAMED: model}
    hosted = Hosted()
    for name, one in names.checked(models).items():
        hosted.add(name, lambda one=one: one.engine, engine=one.engine)  # type: ignore[misc]
        hosted.note(name, one.metadata)
    access = to_logger() if access_log else None
    watch = Watch(timing=server_timing, metrics=metrics, access=access)
    about = About(hosted, metrics=metrics) if page else None
    return Application(hosted, terse=terse, watch=watch, about=about)
