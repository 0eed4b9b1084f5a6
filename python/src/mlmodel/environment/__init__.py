"""The environment of a model: what it needs, as files, and whether that is installed.

``given`` reads what a caller names, ``observation`` finds out what a model imports, ``resolve``
makes the files of either, and ``installed`` holds the files against what is installed.
"""
