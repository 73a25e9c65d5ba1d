"""The faults. Each is spread over the run by how many jobs have ended, so that a fast worker meets as many as a slow one."""

import time

KILLS = 20
RESTARTS = 5


def kill(site) -> None:
    """kill -9 twenty times: the worker alone, and in turn all its processes."""
    for number in range(KILLS):
        if not site.until((number + 1) / (KILLS + 1)):
            return
        worker = site.running[0]
        worker.kill() if number % 2 else worker.kill_group()
        killed = time.time()
        site.faults += 1
        site.note_in_flight()
        site.start_worker(0)
        site.recovered(killed)


def outage(site) -> None:
    """Redis dies and is away for a minute."""
    if site.until(0.3):
        site.faults += 1
        site.server.kill()
        site.pause(site.options.outage)
        site.server.start()
        site.recovered(time.time())


def restart(site) -> None:
    """Redis dies and comes back at once, with its append-only file."""
    for number in range(RESTARTS):
        if not site.until((number + 1) / (RESTARTS + 1)):
            return
        site.faults += 1
        site.server.kill()
        site.server.start()
        site.recovered(time.time())


def proxy(site) -> None:
    """Connections are cut, delayed, silenced, refused and forgotten."""
    def cut():
        site.proxy.cut()

    def mode(name, seconds):
        def during():
            site.proxy.mode = name
            site.pause(seconds)
            site.proxy.mode = "pass"

        return during

    def silence_then_cut():
        mode("hole", 5)()
        site.proxy.cut()

    steps = [cut, mode("delay", 5), mode("hole", 3), cut, mode("refuse", 5), site.proxy.forget, mode("hole", 20), silence_then_cut, cut]
    for number, step in enumerate(steps):
        if not site.until((number + 1) / (len(steps) + 1)):
            return
        site.faults += 1
        step()
        site.recovered(time.time())


def replicas(site) -> None:
    """A second replica on the same queue all the time."""
    site.start_worker()
    site.faults += 1


def sigterm(site) -> None:
    """A deployment every few seconds: SIGTERM, and the next one starts while the old one drains."""
    while site.redis.llen("rq:queue:default") and time.monotonic() < site.end:
        old = site.running[0]
        site.faults += 1
        old.terminate()
        site.start_worker(0)
        old.wait(40)
        site.pause(3)


FAULTS = {body.__name__: body for body in (kill, outage, restart, proxy, replicas, sigterm)}
