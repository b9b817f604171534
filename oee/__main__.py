"""``python -m oee``."""

from oee.cli import main

main()
