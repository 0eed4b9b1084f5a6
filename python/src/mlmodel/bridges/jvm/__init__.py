"""The JVM: its jars, one process of it for each of ours, and columns as bytes between them.

The other side is the Maven module ``java-bridge/`` of the repository, whose sources a wheel has in
``source/`` of this folder.
"""
