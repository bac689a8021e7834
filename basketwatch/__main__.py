"""``python -m basketwatch`` is the ``basketwatch`` command."""

from basketwatch.cli import main

main()
