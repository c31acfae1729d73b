"""`python -m core …` is the terminal."""

import sys

from core.cli.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
