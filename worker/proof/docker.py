"""A Docker daemon of our own, and base images where no registry can be reached."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import environment

PATIENCE = 30
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Docker:
    """The daemon that DOCKER_HOST names, else one that is started here and stops with this value."""

    def __init__(self) -> None:
        self.client = next((c for c in ("/usr/bin/docker", shutil.which("docker")) if c and os.path.exists(c)), None)
        if self.client is None or shutil.which("dockerd") is None:
            subprocess.run(["apt-get", "install", "-y", "-qq", "docker.io", "iptables"], check=True, stdout=subprocess.DEVNULL)
            self.client = "/usr/bin/docker"
        self.place = environment.PLACE / "docker"
        self.daemon: subprocess.Popen | None = None
        host = os.environ.get("DOCKER_HOST") or self._start()
        self.variables = os.environ | {"DOCKER_HOST": host, "DOCKER_BUILDKIT": "1"}

    def _start(self) -> str:
        self.place.mkdir(parents=True, exist_ok=True)
        # A socket's path may have about 100 characters.
        runtime = Path(tempfile.mkdtemp(prefix="proof-docker-"))
        host = f"unix://{runtime}/docker.sock"
        log = (runtime / "log").open("wb")
        command = ["dockerd", "--data-root", self.place / "data", "--exec-root", runtime / "exec", "--pidfile", runtime / "pid"]
        self.daemon = subprocess.Popen([*command, "--host", host], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while subprocess.run([self.client, "version"], env=os.environ | {"DOCKER_HOST": host}, capture_output=True).returncode:
            if time.monotonic() > end or self.daemon.poll() is not None:
                raise RuntimeError(f"dockerd does not come up; see {runtime / 'log'}")
            time.sleep(0.3)
        return host

    def run(self, *words: object, check: bool = True) -> str:
        done = subprocess.run([self.client, *map(str, words)], env=self.variables, capture_output=True, text=True)
        if check and done.returncode:
            raise RuntimeError(f"docker {words[0]}: {done.stderr[-2000:]}")
        return done.stdout.strip()

    def build(self, context: Path, tag: str, *flags: str) -> float:
        """Builds and says how many seconds it took."""
        begun = time.monotonic()
        self.run("build", "--network", "host", "--tag", tag, *flags, context)
        return time.monotonic() - begun

    def build_images(self) -> None:
        """The worker's image, and the example's on it, from the layers that are there."""
        self.ensure_bases()
        self.build(environment.ROOT, "preflight-worker")
        self.build(environment.ROOT / "examples" / "python-worker", "python-worker", "--build-arg", "WORKER=preflight-worker")

    def ensure_bases(self) -> None:
        for tag in STAND_INS:
            self.ensure_base(tag)

    def ensure_base(self, tag: str) -> None:
        """Pulls a base image, or makes a stand-in under its name: a small Debian with the same programs."""
        known = not subprocess.run([self.client, "image", "inspect", tag], env=self.variables, capture_output=True).returncode
        if known or not subprocess.run([self.client, "pull", "--quiet", tag], env=self.variables, capture_output=True).returncode:
            return
        packages, finish, changes = STAND_INS[tag]
        with tempfile.TemporaryDirectory() as place:
            root = Path(place)
            if shutil.which("debootstrap") is None:
                subprocess.run(["apt-get", "install", "-y", "-qq", "debootstrap"], check=True, stdout=subprocess.DEVNULL)
            command = ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", root]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            finish(root)
            if CERTIFICATES.exists():
                (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
                shutil.copy(CERTIFICATES, root / "etc/ssl/certs")
            with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
                flags = [word for change in changes for word in ("--change", change)]
                subprocess.run([self.client, "import", *flags, "-", tag], env=self.variables, stdin=tar.stdout, check=True,
                               stdout=subprocess.DEVNULL)

    def close(self) -> None:
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()


def finish_rust(root: Path) -> None:
    """The toolchain of this machine, laid out as in the official image."""
    sysroot = Path(subprocess.check_output(["rustc", "--print", "sysroot"], cwd=environment.ROOT, text=True).strip())
    toolchain = root / "usr/local/rustup/toolchains" / sysroot.name
    shutil.copytree(sysroot, toolchain, symlinks=True, ignore=shutil.ignore_patterns("doc"))
    programs = root / "usr/local/cargo/bin"
    programs.mkdir(parents=True)
    for name in ("cargo", "rustc"):
        (programs / name).symlink_to(f"/usr/local/rustup/toolchains/{sysroot.name}/bin/{name}")


def finish_python(root: Path) -> None:
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    (root / "usr/local/bin/python3").symlink_to("/usr/bin/python3")
    # Debian guards its own Python against pip; the official image has no such guard.
    for guard in root.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        guard.unlink()
    if Path("/etc/pip.conf").exists():
        shutil.copy("/etc/pip.conf", root / "etc/pip.conf")


def finish_distroless(root: Path) -> None:
    """Leaves only what a distroless image has: the C libraries, certificates, and an ordinary user."""
    keep = ("ld-linux", "libc.so", "libm.so", "libgcc_s", "libstdc++", "libpthread", "libdl", "librt", "libresolv", "libnss", "libssl", "libcrypto")
    libraries = root / "usr/lib/x86_64-linux-gnu"
    for path in libraries.iterdir():
        if not path.name.startswith(keep):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for path in (*root.glob("usr/bin/*"), *root.glob("usr/sbin/*")):
        path.unlink()
    for name in ("usr/share", "usr/libexec", "usr/lib/apt", "usr/lib/systemd", "usr/lib/udev", "var", "boot", "root", "opt"):
        shutil.rmtree(root / name, ignore_errors=True)
    with (root / "etc/passwd").open("a") as users, (root / "etc/group").open("a") as groups:
        users.write("nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
        groups.write("nonroot:x:65532:\n")
    (root / "home/nonroot").mkdir(parents=True)


# What is installed, what is done to it, and what the official image sets.
STAND_INS = {
    "rust:1.95.0-slim-bookworm": (
        "gcc,libc6-dev,ca-certificates", finish_rust,
        (f"ENV PATH=/usr/local/cargo/bin:{SYSTEM_PATH} RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo",),
    ),
    "gcr.io/distroless/cc-debian12:nonroot": (
        "ca-certificates,libstdc++6", finish_distroless, ("USER 65532", f"ENV PATH={SYSTEM_PATH}"),
    ),
    "python:3.12-slim-bookworm": ("python3,python3-pip,ca-certificates", finish_python, (f"ENV PATH={SYSTEM_PATH}",)),
}
