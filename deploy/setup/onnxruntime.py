"""Fetch the ONNX Runtime library of this machine, or of --arch, into .cache/onnxruntime of the checkout.

The library travels inside the `onnxruntime` wheel, so pip is the only client needed. models/ort/lock.json names the version and
the sha256 of the library; the Go side checks the same digests. When the right library is already there, nothing is done.
"""

import argparse
import hashlib
import json
import platform
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    lock = json.loads((ROOT / "models/ort/lock.json").read_text())
    machines = {entry["machine"]: arch for arch, entry in lock["libraries"].items()}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--arch",
        choices=sorted(lock["libraries"]),
        default=machines.get(platform.machine()),
        help="as Go names it; this machine's by default",
    )
    arch = parser.parse_args().arch
    if platform.system() != "Linux" or arch is None:
        sys.exit(f"onnxruntime: no library is locked for {platform.system()} on {platform.machine()}; Linux on {', '.join(machines)} is")
    entry = lock["libraries"][arch]
    target = ROOT / ".cache/onnxruntime" / lock["version"] / arch / "libonnxruntime.so"
    if target.exists() and sha256(target.read_bytes()) == entry["sha256"]:
        return
    print(f"onnxruntime: fetching {lock['version']} for {arch}", flush=True)
    library = fetch(lock["version"], entry["platform"])
    if sha256(library) != entry["sha256"]:
        sys.exit(f"onnxruntime: the library has sha256 {sha256(library)}, models/ort/lock.json expects {entry['sha256']}: not installed")
    install(library, target)


def fetch(version: str, wheel_platform: str) -> bytes:
    """Download the wheel with pip and return the library inside it."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder]
        wheel = ["--platform", wheel_platform, "--python-version", "3.11", f"onnxruntime=={version}"]
        try:
            subprocess.run(pip + wheel, check=True, stdin=subprocess.DEVNULL)
        except subprocess.CalledProcessError:
            sys.exit("onnxruntime: pip could not download the wheel, its message is above; is there pip, and a package index to reach?")
        (path,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"onnxruntime/capi/libonnxruntime.so.{version}")


def install(library: bytes, target: Path) -> None:
    """Write the file whole or not at all, so that a build beside this one never sees half a library."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as partial:
        partial.write(library)
    Path(partial.name).chmod(0o755)
    Path(partial.name).replace(target)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
