"""your-own-data.md, done as it stands there: its files written, its commands run, on a log that halfstep has no mapping of."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import urllib.request

import pytest
import yaml
import zstandard

from training.halfstep import ROOT

PAGE = (ROOT / "training/your-own-data.md").read_text()
MONTHS = ("02", "03", "04")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The folder of a stranger: their table, and the files that the page shows."""
    data = (ROOT / os.environ.get("HALFSTEP_DATA", "../shared/datasets")).resolve()
    if not data.exists() and "CI" not in os.environ:
        pytest.skip("needs the folder of data that HALFSTEP_DATA names")
    folder = tmp_path_factory.mktemp("shop")
    lines = []
    for month in MONTHS:
        with zstandard.open(data / f"jdata_action_head_2016{month}.csv.zst", "rt") as file:
            header, *rows = file.readlines()
        lines += rows if lines else [header, *rows]
    (folder / "events.csv.zst").write_bytes(zstandard.compress("".join(lines).encode()))
    for name, content in re.findall(r"^`shop/(\S+)`\n```yaml\n(.*?)^```$", PAGE, re.M | re.S):
        (folder / name).write_text(content)
    return folder


@pytest.fixture(scope="module")
def commands(shop, halfstep):
    """What the page says to type, on this folder with this binary; training keeps its steps there too."""
    found = []
    for line in re.findall(r"^```sh\n(.*?)\n```$", PAGE, re.M):
        words = shlex.split(line.replace("shop/", f"{shop}/"))
        programs = {"bin/halfstep": [str(halfstep.binary)], "venv/bin/python": [sys.executable]}
        more = ["--halfstep", str(halfstep.binary), "--cache", str(shop / "cache")] if "training" in words else []
        found.append(programs.get(words[0], words[:1]) + words[1:] + more)
    return found


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stderr}"


def address_of(server, within=20):
    """Where it serves, as its log says; a server that does not say so is ended."""
    watchdog = threading.Timer(within, server.kill)
    watchdog.start()
    try:
        return next(json.loads(line)["address"] for line in server.stderr if '"address"' in line)
    except StopIteration:
        raise AssertionError("the server did not come up") from None
    finally:
        watchdog.cancel()


def test_the_page_leads_from_a_table_to_a_prediction(shop, commands):
    *prepare, serve, ask = commands
    assert [command[1] for command in prepare] == ["replay", "replay", "-m", "bundle"]
    for command in prepare:
        run(command)
    manifest = yaml.safe_load((shop / "bundles/cart_order/1/bundle.yaml").read_text())
    assert manifest["name"] == "cart_order"
    assert "product_views_1h alone" in (shop / "reports/cart_order.md").read_text()

    environment = os.environ | {"HALFSTEP_LISTEN": "127.0.0.1:0"}
    with subprocess.Popen(serve, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        try:
            url = ask[2].replace("127.0.0.1:8080", address_of(server))
            with urllib.request.urlopen(urllib.request.Request(url, ask[4].encode()), timeout=10) as answer:
                said = json.load(answer)
        finally:
            server.terminate()
            server.communicate(timeout=20)
    prediction = said["predictions"]["cart_order"]
    assert prediction["model"] == "cart_order@1"
    assert 0 < prediction["score"] < 1
    assert prediction["band"] in ("low", "medium", "high")
    assert said["degraded"] == []
