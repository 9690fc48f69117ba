"""What the Python group members share: their one argument and the events that ../README.md describes."""

import json
import os
import signal
import sys
import time

SPEC = json.loads(sys.argv[1])


def event(name, **fields):
    """One line in one write, so that a killed member leaves whole lines."""
    line = json.dumps({"e": name, "t": int(time.time() * 1000), **fields}) + "\n"
    os.write(1, line.encode())


def change(name, partitions, generation=None, member=None):
    event(name, p=[f"{p.topic}-{p.partition}" for p in partitions], g=generation, m=member)


def got(topic, partition, offsets):
    event("got", p=f"{topic}-{partition}", o=offsets)


class Leaving:
    """True once SIGTERM came."""

    def __init__(self):
        self.asked = False
        signal.signal(signal.SIGTERM, self.ask)

    def ask(self, *_):
        self.asked = True

    def __bool__(self):
        return self.asked
