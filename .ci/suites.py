"""Run the suites and close with one line, "N passed, N failed", summed over all of them.

A linter counts as one test, as does a package that does not build. The exit code is 0 only when nothing failed and something ran.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STATICCHECK = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
Count = tuple[int, int]  # passed, failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lint", action="store_true", help="run the linters too")
    parser.add_argument("--only-lint", action="store_true", help="run the linters alone")
    options = parser.parse_args()
    suites: list[tuple[str, Callable[[], Count]]] = []
    if options.lint or options.only_lint:
        suites += [(name, lambda command=command: lint(command)) for name, command in LINTERS.items()]
    if not options.only_lint:
        suites += [("go test -race", lambda: go_test("-race")), ("go test -run Alloc", lambda: go_test("-run=Alloc")), ("pytest", pytest)]
    passed, failed = 0, 0
    for name, run in suites:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        good, bad = run()
        print(f"== {name}: {good} passed, {bad} failed in {time.monotonic() - start:.0f} s", flush=True)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


LINTERS = {
    "go vet": ["go", "vet", "./..."],
    "staticcheck": ["go", "run", STATICCHECK, "./..."],
    "gofmt": ["gofmt", "-l", "features", "models", "server", "benchmarks"],
    "ruff check": ["venv/bin/ruff", "check", "--quiet"],
    "ruff format": ["venv/bin/ruff", "format", "--check", "--quiet"],
}


def lint(command: list[str]) -> Count:
    """A linter fails by its exit code or, like gofmt, by naming files."""
    if command[0] == "gofmt":
        command = [word for word in command if word.startswith(("gofmt", "-")) or (ROOT / word).exists()]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
    sys.stdout.write(result.stdout)
    failed = result.returncode != 0 or (command[0] == "gofmt" and result.stdout != "")
    return (0, 1) if failed else (1, 0)


def go_test(flag: str) -> Count:
    """Run the Go tests; allocations have a run of their own, because the race detector allocates."""
    command = ["go", "test", flag, "-timeout=20m", "-json", "./..."]
    tally = GoTally()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
        for line in process.stdout:
            tally.read(line)
    if process.returncode != 0 and tally.failed == 0:
        tally.failed = 1
    return tally.passed, tally.failed


@dataclass
class GoTally:
    """Counts tests and subtests from the events of `go test -json`, and prints what a person needs of them."""

    passed: int = 0
    failed: int = 0
    tested: set[str] = field(default_factory=set)  # packages that had a test
    broken: set[str] = field(default_factory=set)  # packages that had a failing one
    output: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def read(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:
            sys.stdout.write(line)
            return
        package, test = event.get("Package", ""), event.get("Test", "")
        match event["Action"]:
            case "build-output":
                sys.stdout.write(event["Output"])
            case "output":
                self.output[package, test].append(event["Output"])
            case "pass" | "fail" | "skip" as ended:
                text = self.output.pop((package, test), [])
                if test:
                    self.end_test(package, ended, text)
                else:
                    self.end_package(package, ended, text, event.get("Elapsed", 0))

    def end_test(self, package: str, ended: str, text: list[str]) -> None:
        self.tested.add(package)
        if ended == "pass":
            self.passed += 1
            return
        if ended == "fail":
            self.failed += 1
            self.broken.add(package)
        sys.stdout.writelines(line for line in text if not line.startswith("=== "))

    def end_package(self, package: str, ended: str, text: list[str], seconds: float) -> None:
        """A package can fail on its own: it does not build, or its process died."""
        if ended == "fail":
            sys.stdout.writelines(text)
            if package not in self.broken:
                self.failed += 1
        if ended == "fail" or package in self.tested:
            print(f"{ended}\t{package}\t{seconds:.1f} s", flush=True)


def pytest() -> Count:
    """Run pytest; exit code 5 means that there is no test yet."""
    report = ROOT / ".cache/pytest.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}"]
    code = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}).returncode
    if code == 5:
        return 0, 0
    if not report.exists():
        return 0, 1
    suite = ElementTree.parse(report).getroot().find("testsuite")
    total, skipped = int(suite.get("tests")), int(suite.get("skipped"))
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    return total - failed - skipped, max(failed, 1 if code else 0)


if __name__ == "__main__":
    main()
