"""The no-op of every Python contestant: tells a file when it was sent and when it was done, 16 bytes at once."""

import os
import struct
import time

RECORD = struct.Struct("<dd")


def noop(path, sent):
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, RECORD.pack(sent, time.time()))
    os.close(file)


async def arq_noop(_context, path, sent):
    noop(path, sent)
