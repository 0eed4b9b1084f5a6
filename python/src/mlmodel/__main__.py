"""``python -m mlmodel``."""

from mlmodel.cli import main

main()
