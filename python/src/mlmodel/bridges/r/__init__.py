"""R: what it is asked and what it answers, in processes whose end costs one request.

``installed`` finds it; ``process`` is one R, ``crew`` several of them, and ``worker.R`` what runs
inside. ``serialized`` is R's own form of data, which R reads and writes in C; ``to_r`` and
``from_r`` make it of Python's values, and the other way round. Nothing here knows what a model is.
"""
