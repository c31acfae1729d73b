"""A process that takes a question and never answers."""

import sys
import time

sys.stdin.readline()
time.sleep(600)
