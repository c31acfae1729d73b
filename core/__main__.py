"""`python -m core …` is the terminal."""

import signal
import sys

from core.cli.commands import main

if __name__ == "__main__":
    # Being told to end is an end like any other: what was started for the command is put away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(sys.argv[1:]))
