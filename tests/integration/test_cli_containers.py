"""What Docker would start: every word of it exists here, and the same commands run as processes."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial

import click
import httpx
import psycopg
import pytest
from main_job import ROOT, environment, module_database
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from ruamel.yaml import YAML

from oee.cli import main as oee_group
from oee.config.environment import VARIABLES

COMPOSE = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service.get("image") == "oee"}
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def _steps(word: str) -> list[list[str]]:
    return [line.split()[1:] for line in DOCKERFILE if line.startswith(f"{word} ")]


def parsed(words: list[str]) -> None:
    """Have the command line take the words, without running anything."""
    command: click.Command = oee_group
    while isinstance(command, click.Group):
        command = command.commands[words[0]]
        words = words[1:]
    command.make_context(command.name, list(words), resilient_parsing=False)


@pytest.mark.parametrize("name", OURS)
def test_each_services_command_is_one_of_ours(name, monkeypatch):
    service = OURS[name]
    for variable, value in (service.get("environment") or {}).items():
        assert variable in VARIABLES
        assert not (variable.endswith(("PASSWORD", "KEY")) and value), "secrets are files"
        monkeypatch.setenv(variable, str(value))
    if "entrypoint" in service:
        python, module, name = service["entrypoint"]
        assert (python, module) == ("python", "-m")
        assert importlib.util.find_spec(name)
    else:
        parsed(service["command"])


def test_what_services_refer_to_is_there():
    for name, service in SERVICES.items():
        for other, how in (service.get("depends_on") or {}).items():
            needed = SERVICES[other]
            if how["condition"] == "service_healthy":
                assert "test" in needed["healthcheck"], (name, other)
            if how["condition"] == "service_completed_successfully":
                assert needed["restart"] == "on-failure", (name, other)
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in COMPOSE["volumes"]
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        for value in (service.get("environment") or {}).values():
            if str(value).startswith("/run/secrets/"):
                assert str(value).removeprefix("/run/secrets/") in service["secrets"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), "the network comes by a proxy"
    assert not re.search(r"PASSWORD: *\S", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_one_service_builds_the_image_and_nothing_ever_fetches_one_of_that_name():
    assert [name for name, service in OURS.items() if "build" in service] == ["migrate"]
    assert {name: service["pull_policy"] for name, service in OURS.items()} == {
        name: "build" if name == "migrate" else "never" for name in OURS
    }


def test_the_database_is_healthy_only_once_it_listens_to_the_network():
    assert "pg_isready -h 127.0.0.1 " in SERVICES["timescaledb"]["healthcheck"]["test"][1]


def test_the_commands_at_the_head_make_each_secret_on_its_own_readable_in_a_container(tmp_path):
    head = (ROOT / "docker-compose.yml").read_text(encoding="utf-8").partition("\nname:")[0]
    commands = [line.removeprefix("#").partition(" # ")[0] for line in head.splitlines() if line.startswith("#   ")]
    script = "umask 077\n" + "\n".join(line for line in commands if "docker" not in line)
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, check=True)
    made = {f"secrets/{path.name}": path for path in (tmp_path / "secrets").iterdir()}
    assert set(made) == {secret["file"] for secret in COMPOSE["secrets"].values()}
    assert len({path.read_text(encoding="ascii") for path in made.values()}) == len(made)
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in made.values())
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_the_image_reads_parquet_by_the_tests_own_pyarrow():
    pinned = (ROOT / "requirements-parquet.lock").read_text(encoding="utf-8")
    assert pinned.startswith("pyarrow==")
    assert pinned in (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
    assert any("requirements-parquet.lock" in words for words in _steps("RUN"))


def test_the_dockerfile_copies_what_there_is_and_installs_by_hash():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for *sources, _ in (words for words in _steps("COPY") if not words[0].startswith("--from")):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, "the build would not see it"
    installs = [" ".join(words) for words in _steps("RUN") if "pip" in words]
    assert all("--require-hashes" in words or "--no-deps" in words for words in installs)
    for lock in re.findall(r"-r (\S+)", " ".join(installs)):
        assert "--hash=sha256:" in (ROOT / lock).read_text(encoding="utf-8")
    assert _steps("USER") == [["oee"]]
    assert [json.loads(" ".join(words)) for words in _steps("ENTRYPOINT")] == [["oee"]]
    parsed(json.loads(" ".join(_steps("CMD")[0])))
    assert any("/readyz" in line for line in DOCKERFILE if "CMD" in line)
    assert all(re.fullmatch(r"python:3\.\d+-slim", words[0]) for words in _steps("FROM"))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="module")
def composed(server, template, tmp_path_factory):
    """The services' own commands as processes, in the order in which they depend on each other; a key for the API."""
    folder, port = tmp_path_factory.mktemp("composed"), _free_port()
    ports = {"4840": str(_free_port()), "5020": str(_free_port()), "8080": str(port)}
    with module_database(server, template) as database, ExitStack() as stack:
        variables = _variables(folder, database)
        started: list[str] = []
        while len(started) < len(OURS):
            name = next(n for n in OURS if n not in started and _ready(n, started))
            _start(stack, name, folder, variables, ports)
            started.append(name)
        yield f"http://127.0.0.1:{port}", folder, database, partial(_again, folder, variables)


def _again(folder, variables, name):
    """Start a service that ended once more."""
    with ExitStack() as stack:
        _start(stack, name, folder, variables, {})


def _ready(name, started):
    return all(other in started or other not in OURS for other in OURS[name].get("depends_on") or {})


def _variables(folder, database):
    """Paths and the address as they are here; the password stays a file."""
    parts = conninfo_to_dict(database)
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "database_password").write_text(parts.pop("password", "") or "over a socket\n", encoding="utf-8")
    (secrets / "admin_password").write_text("correct horse battery\n", encoding="utf-8")
    return {"/run/secrets": str(secrets), "/etc/oee": str(folder), "/var/lib/oee": str(folder)} | {
        "postgresql://oee@timescaledb:5432/oee": make_conninfo("", **parts)
    }


def _start(stack, name, folder, here, ports):
    service = OURS[name]
    words = [*service.get("entrypoint", ["oee"]), *service["command"]]
    words = [_here(word, here | {f"port={n}": f"port={p}" for n, p in ports.items()}) for word in words]
    words = [w.replace("--plant-host=simulators", "--plant-host=127.0.0.1") for w in words]
    words = ["--days=1" if word == "--days=14" else word for word in words]
    if words[0] == "oee":
        words = ["python", "-m", *words]
    if "serve" in words:
        words += ["--port", ports["8080"]]
    given = {k: _here(str(v), here) for k, v in (service.get("environment") or {}).items()}
    process = stack.enter_context(
        subprocess.Popen([sys.executable, *words[1:]], env=environment(None, folder) | given, cwd=ROOT)
    )
    if service["restart"] == "on-failure":
        assert process.wait(120) == 0, name
    else:
        stack.callback(process.terminate)
    if "test" in (service.get("healthcheck") or {}):
        _until(lambda: (folder / "plant.yaml").exists() and _listens(ports["4840"]) and _listens(ports["5020"]))


def _here(word, here):
    for there, path in here.items():
        word = word.replace(there, path)
    return word


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def _until(condition, timeout_s=45):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "what should have happened did not"
        time.sleep(0.2)


def test_the_services_as_processes_show_live_data_to_who_logs_in(composed):
    def state(client):
        answer = client.get("/api/v1/lines/filling/state")
        return answer.status_code == 200 and answer.json()["alive"] and answer.json()["category"] != "no_data"

    address, *_ = composed
    _until(lambda: _answers(address))
    with httpx.Client(base_url=address, timeout=20) as client:
        assert client.get("/api/v1/lines").status_code == 401
        form = {"name": "admin", "password": "correct horse battery", "next": "/"}
        assert client.post("/login", data=form).status_code == 303
        _until(lambda: state(client))


def test_the_simulated_machines_have_a_past_up_to_their_first_start_and_it_is_imported_once(composed):
    _, folder, database, again = composed
    kept = json.loads((folder / "simulators.json").read_text(encoding="utf-8"))
    assert kept["epoch_us"] % 86_400_000_000 == 0
    past = """
        SELECT count(*), count(DISTINCT tag_id), (extract(epoch FROM max(ts)) * 1000000)::bigint,
               (extract(epoch FROM min(ts)) * 1000000)::bigint
        FROM sample WHERE ts < to_timestamp(%s / 1e6)"""
    with psycopg.connect(database, autocommit=True) as conn:
        count, tags, newest_us, oldest_us = conn.execute(past, (kept["started_us"],)).fetchone()
        assert oldest_us == kept["epoch_us"]
        assert 0 < kept["started_us"] - newest_us < 10_000_000
        assert count > 100 * tags
        noted = (folder / "demo.json").stat().st_mtime_ns
        again("history")
        assert (folder / "demo.json").stat().st_mtime_ns == noted, "it was told again"
        assert conn.execute(past, (kept["started_us"],)).fetchone()[0] == count


def _answers(url):
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False
