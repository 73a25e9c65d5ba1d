"""The job of the chaos and soak runs: tells the ledger that it begins and ends, and takes a few milliseconds."""

import time

import ledger


def step(path, number, seconds):
    ledger.write(path, number, ledger.BEGUN)
    time.sleep(seconds)
    ledger.write(path, number, ledger.ENDED)
    return number
