"""The command line: commands only. What they do stands in the layers below."""

from oee.cli.main import main

__all__ = ["main"]
