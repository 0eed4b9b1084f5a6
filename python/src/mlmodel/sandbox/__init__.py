"""The second wall: a process that can read what a model needs, and do nothing to the machine.

Nothing here knows what a model is. ``wall`` puts the wall around the process that calls it;
``process`` starts one that is inside from its first import, and ``child`` is what runs in it;
``values`` and ``frames`` are how the two speak, in a form that holds no code.
"""
