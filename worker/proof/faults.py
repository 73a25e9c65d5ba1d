"""The faults. Each is spread over the run by how many jobs have ended, so that a fast worker meets as many as a slow one."""

import random
import time
from functools import partial

KILLS = 20
RESTARTS = 5
DEPLOYMENTS = 8


def spread(site, steps) -> None:
    for number, step in enumerate(steps):
        if not site.until((number + 1) / (len(steps) + 1)):
            return
        site.faults += 1
        step()


def kill(site) -> None:
    """kill -9 twenty times: the worker alone, and in turn all its processes."""
    spread(site, kills(site))


def kills(site) -> list:
    return [partial(kill_one, site, alone=number % 2 == 1) for number in range(KILLS)]


def kill_one(site, alone: bool) -> None:
    worker = site.running[0]
    site.note_in_flight(worker)
    worker.kill() if alone else worker.kill_group()
    killed = time.time()
    site.note_in_flight(worker)
    site.start_worker(0)
    site.recovered("kill", killed)


def outage(site) -> None:
    """Redis dies and is away for a minute."""
    if site.until(0.3):
        site.faults += 1
        away(site, site.options.outage)


def restart(site) -> None:
    """Redis dies and comes back at once, with its append-only file."""
    spread(site, [partial(away, site, 0)] * RESTARTS)


def away(site, seconds: float) -> None:
    site.server.kill()
    site.pause(seconds)
    site.server.start()
    site.recovered("outage" if seconds else "restart", time.time())


def proxy(site) -> None:
    """Connections are cut, delayed, silenced, refused and forgotten."""
    spread(site, broken_lines(site))


def broken_lines(site) -> list:
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
        cut()

    def refuse():
        site.proxy.mode = "refuse"
        cut()
        mode("refuse", 5)()

    steps = [("cut", cut), ("delay", mode("delay", 5)), ("hole", mode("hole", 3)), ("cut", cut), ("refuse", refuse),
             ("forget", site.proxy.forget), ("hole", mode("hole", 20)), ("hole and cut", silence_then_cut), ("cut", cut)]
    return [partial(broken_line, site, name, step) for name, step in steps]


def broken_line(site, name: str, step) -> None:
    step()
    site.recovered(name, time.time())


def replicas(site) -> None:
    """A second replica on the same queue all the time."""
    site.start_worker()
    site.faults += 1


def sigterm(site) -> None:
    """A deployment every few seconds: SIGTERM, and the next one starts while the old one drains."""
    while site.redis.llen("rq:queue:default") and time.monotonic() < site.end:
        site.faults += 1
        deploy(site)
        site.pause(3)


def deploy(site) -> None:
    old = site.running[0]
    old.terminate()
    site.start_worker(0)
    old.wait(40)


def everything(site) -> None:
    """All of the above in one run, in an order that is the same each time, with two replicas."""
    replicas(site)
    steps = [*kills(site), *broken_lines(site), partial(away, site, site.options.outage)]
    steps += [partial(away, site, 0)] * RESTARTS + [partial(deploy, site)] * DEPLOYMENTS
    random.Random(1).shuffle(steps)
    spread(site, steps)


FAULTS = {body.__name__: body for body in (kill, outage, restart, proxy, replicas, sigterm, everything)}
