"""What the Python client programs share: the line protocol and the record files that ../README.md describes."""

import base64
import json
import sys


def encode(value):
    return None if value is None else base64.b64encode(bytes(value)).decode()


def decode(text):
    return None if text is None else base64.b64decode(text)


def read_records(path):
    with open(path) as file:
        for line in file:
            r = json.loads(line)
            yield r["t"], decode(r["k"]), decode(r["v"]), [(n, decode(v)) for n, v in r["h"]]


class Writer:
    """Writes consumed records; `full` once `count` of them are there."""

    def __init__(self, command):
        self.file = open(command["file"], "w")
        self.left = command["count"]

    @property
    def full(self):
        return self.left <= 0

    def add(self, offset, timestamp, key, value, headers):
        if self.full:
            return
        self.left -= 1
        line = {"o": offset, "t": timestamp, "k": encode(key), "v": encode(value),
                "h": [[n, encode(v)] for n, v in headers or []]}
        self.file.write(json.dumps(line) + "\n")

    def close(self):
        self.file.close()
        if not self.full:
            raise TimeoutError(f"timed out, {self.left} records missing")


def serve(commands):
    """Reads commands from standard input until it ends; `commands` maps a name to a function of the command."""
    for line in sys.stdin:
        try:
            command = json.loads(line)
            answer = {"ok": True, **(commands[command["op"]](command) or {})}
        except BaseException as error:  # everything goes back to the test as text
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
