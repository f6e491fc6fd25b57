#!/bin/sh
# Make sure that there is a redis-server for tests and benchmarks to start on ports of their own.
set -eu
if command -v redis-server >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "set-up: the tests start redis-server, which is not installed; on Debian: sudo apt-get install redis-server" >&2
    exit 1
fi
echo "set-up: installing redis-server"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# RUNLEVEL=1 keeps the package from starting a server of its own.
RUNLEVEL=1 apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 redis-server >/dev/null
command -v redis-server
