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
from collections.abc import Callable
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
        suites += [("go test", go_test), ("pytest", pytest)]
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


def go_test() -> Count:
    """Count tests and subtests as they end; print the output of those that fail, and a line a package."""
    command = ["go", "test", "-race", "-timeout=20m", "-json", "./..."]
    output: dict[tuple[str, str], list[str]] = {}
    failing: dict[str, int] = {}
    passed, failed = 0, 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as process:
        for line in process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                sys.stdout.write(line)
                continue
            package, test, action = event.get("Package", event.get("ImportPath", "")), event.get("Test", ""), event["Action"]
            if action in ("output", "build-output"):
                output.setdefault((package, test), []).append(event["Output"])
                continue
            if action not in ("pass", "fail", "skip"):
                continue
            text = output.pop((package, test), [])
            if action == "fail":
                failing[package] = failing.get(package, 0) + 1
                if test or failing[package] == 1:
                    failed += 1
                sys.stdout.writelines(text)
            elif action == "pass" and test:
                passed += 1
            if action == "skip" and test:
                sys.stdout.writelines(line for line in text if not line.startswith("="))
            if not test:
                print(f"{action}\t{package}\t{event.get('Elapsed', 0):.1f} s", flush=True)
        for (_, test), text in output.items():
            if not test:
                sys.stdout.writelines(text)
    if process.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed


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
