#!/bin/sh
# Make ./venv of the checkout hold what training/requirements.lock pins. PYTHON names another interpreter (3.11 or newer).
set -eu
cd "$(dirname "$0")/../.."
lock=training/requirements.lock
if cmp -s "$lock" venv/installed.lock; then
    exit 0
fi
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "set-up: $python is older than 3.11; name a newer one: make PYTHON=python3.12 …" >&2
    exit 1
fi
echo "set-up: installing the Python packages of $lock into ./venv"
rm -rf venv
if ! "$python" -m venv venv; then
    echo "set-up: $python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2
    exit 1
fi
venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r "$lock"
cp "$lock" venv/installed.lock
