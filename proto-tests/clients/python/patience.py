"""Calls that are made again while the library says that they may be."""
import time

from confluent_kafka import KafkaException


def patiently(action):
    end = time.time() + 60
    while True:
        try:
            return action()
        except KafkaException as error:
            if not error.args[0].retriable() or time.time() > end:
                raise
