"""Prints one secret, for the operator's tools: `python3 -m steward.secret operator`."""

import sys

from .description import read_secrets

print(getattr(read_secrets(), sys.argv[1]))
