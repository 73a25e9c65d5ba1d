"""Where things are, and what each command needs to be there: virtual environments, node packages, our binary."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Everything that is made here lives in Cargo's folder for such things, which git ignores.
PLACE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "proof"

# The release that is current, and the newest of the line before it.
RQ_RELEASES = ("3.0.0", "2.12.0")
PEERS = ("celery[redis]==5.7.0", "arq==0.28.0")
BULLMQ = ("bullmq@6.7.0", "ioredis@6.0.0")


def python(*requirements: str) -> Path:
    """The interpreter of a virtual environment that has exactly these packages."""
    name = "-".join(r.split("[")[0].replace("==", "-") for r in requirements)
    venv = PLACE / "venv" / name
    program = venv / "bin" / "python"
    if not (venv / "complete").exists():
        print(f"installing {' '.join(requirements)} into {venv.relative_to(PLACE.parent)}", file=sys.stderr)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", *requirements], check=True)
        (venv / "complete").touch()
    return program


def rq_python(release: str) -> Path:
    # rq before 3.0 wants croniter for cron strings, and rq-dashboard wants six, without asking for it on every release.
    return python(f"rq=={release}", "croniter", "rq-dashboard==0.9.0", "six")


def node_modules(*packages: str) -> Path:
    place = PLACE / "node"
    if not (place / "complete").exists():
        print(f"installing {' '.join(packages)} into {place.relative_to(PLACE.parent)}", file=sys.stderr)
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"private": true}\n')
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", *packages], cwd=place, check=True)
        (place / "complete").touch()
    return place / "node_modules"


def redis_server() -> str:
    program = shutil.which("redis-server")
    if program is None:
        print("installing redis-server", file=sys.stderr)
        subprocess.run(["apt-get", "install", "-y", "-qq", "redis-server"], check=True, stdout=subprocess.DEVNULL)
        program = shutil.which("redis-server")
    return program or "redis-server"


def build_worker() -> Path:
    subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "-p", "worker"], cwd=ROOT, check=True)
    return PLACE.parent / "release" / "worker"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def bare_loop() -> Path | None:
    """The loop of the worker crate that does the Redis commands of a job and nothing else."""
    if not (ROOT / "worker" / "examples" / "bare_loop.rs").exists():
        return None
    command = ["cargo", "build", "--quiet", "--release", "--locked", "-p", "worker", "--example", "bare_loop"]
    subprocess.run(command, cwd=ROOT, check=True)
    return PLACE.parent / "release" / "examples" / "bare_loop"
