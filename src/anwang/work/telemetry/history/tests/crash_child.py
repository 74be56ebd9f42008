"""Appends, seals and merges without end, for tests that kill it: `python crash_child.py FOLDER`.

Says on its standard output how many readings have been acknowledged, a line after each append.
"""

import sys
import threading

import numpy as np

from anwang.work.telemetry.history import History
from anwang.work.telemetry.history.tests.makers import DAY, START

POINTS = 50


def main(folder):
    history = History.open(folder, seal_rows=4_000, reserve=0)
    done = history.read.count(START, START + 86_400_000)

    def keep_house():
        while True:
            history.seal(only_closed=True)
            history.merge(DAY)

    threading.Thread(target=keep_house, daemon=True).start()
    point = np.arange(POINTS, dtype=np.int32)
    while True:
        # Reading k has value k and belongs to point k mod POINTS: what is missing or double shows.
        number = done + point.astype(np.int64)
        history.append(point, START + number, number.astype(np.float64), np.zeros(POINTS, np.uint16))
        done += POINTS
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
