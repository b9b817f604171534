"""The public interface, walked: each command, key, address and variable works, or is refused as not there yet.

The lists below are the interface. What is refused stands in one list per kind (`not_yet` of the command
line, of the API, of the plant file): an entry that outlives its refusal fails here, and so does what vanishes.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from main_job import ROOT, environment, module_database, oee, served
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from test_import_hour import DAY, FROM, TO, _at, _done, _import_all, _rows

from oee.api import not_yet as api_not_yet
from oee.cli import main as oee_group
from oee.cli import not_yet as cli_not_yet
from oee.config.environment import VARIABLES
from oee.config.faults import PlantFileError
from oee.config.plant import load_plant_text
from tests.api_fixture import app as memory_app

NOT_YET = "not there yet in this version"
DATE = str(DAY)


@dataclass(frozen=True)
class Call:
    """A call of the command line: `{folder}` is the test's; `said` stands in what it prints; `given` its input."""

    words: str
    said: str = ""
    given: str = ""


SHIFT = f"pressing --date {DATE} --shift early"
COMMANDS = (
    Call("--help", "Commands:"),
    Call("--version"),
    Call("demo --help", "--no-open"),
    Call("check {folder}/plant.yaml", "fine"),
    Call("check --online {folder}/plant.yaml"),
    Call("db upgrade", "up to date"),
    Call("db status", "timescaledb 2."),
    Call("db stop", "not ours to stop"),
    Call("apply {folder}/plant.yaml", "nothing changes"),
    Call("apply {folder}/plant.yaml --effective 2026-03-02T06:00:00+01:00 --dry-run", "nothing was changed"),
    Call("apply {folder}/plant.yaml --effective 2026-03-02T06:00:00+01:00"),
    Call("run --help", "PLANT"),
    Call("collect --help", "PLANT"),
    Call("compute --help", "Compute what is due"),
    Call("serve --help", "--host"),
    Call("import {folder}/hour.csv", "rows new 0, duplicate"),
    Call("export {folder}/out.csv", "rows "),
    Call("recompute", "computed"),
    Call(f"recompute --line pressing --from {FROM} --to {TO}", "computed"),
    Call(f"shifts pressing --from {DATE} --to {DATE}", "early"),
    Call(f"report {SHIFT} --format html", "<!doctype html>"),
    Call(f"report {SHIFT} --format json", '"good_count": 580'),
    Call(f"report {SHIFT} --format pdf"),
    Call(f"report {SHIFT} --format xlsx"),
    Call(f"report {SHIFT} --format csv"),
    Call(f"report {SHIFT} -o {{folder}}/report.html"),
    Call(f"explain {SHIFT}", "A = APT / K"),
    Call(f"explain {SHIFT} --machine press --revision 1 --format json", '"exact": true'),
    Call("browse opc.tcp://127.0.0.1:4840"),
    Call("probe modbus://127.0.0.1:502"),
    Call("backup {folder}/backup.dump"),
    Call("restore {folder}/backup.dump"),
    Call("status", "pressing"),
    Call("schema", "json-schema.org"),
    Call("user add walker --role viewer", "may log in as viewer", "correct horse battery\n"),
    Call("key add walker --role mes --scope read", "oee_"),
)
OF_COMMANDS = {
    **dict.fromkeys((("check", "--online"), *((name,) for name in cli_not_yet.COMMANDS)), True),
    **{("report", name): True for name in api_not_yet.REPORT_FORMATS},
}

WINDOW = {"line": "pressing", "from": FROM.replace("T07", "T00"), "to": TO}
SHIFT_PATH = f"/lines/pressing/shifts/{DATE}/early"
WIDE = {**WINDOW, "from": f"{DAY - timedelta(days=45)}T00:00:00Z"}
"""Weeks and months are whole: those that start in the range."""
RANGE = {"from": FROM, "to": TO}
KPI_FIELDS = [
    "id",
    "line",
    "machine",
    "shift",
    "production_date",
    "start",
    "end",
    "product",
    "order",
    "status",
    "revision",
    "method",
    "definition",
    "availability",
    "performance",
    "quality",
    "oee",
    "loading",
    "teep",
    "ooe",
    "nee",
    "coverage",
    "availability_min",
    "availability_max",
    "piece_quality",
    "mttr_s",
    "mtbf_s",
    "elements",
    "losses",
    "flags",
]
ELEMENTS = [
    "calendar_s",
    "not_scheduled_s",
    "excluded_s",
    "planned_busy_s",
    "no_data_s",
    "planned_stop_s",
    "unplanned_stop_s",
    "external_stop_s",
    "small_stop_s",
    "run_s",
    "actual_production_s",
    "setup_s",
    "ideal_total_s",
    "ideal_good_s",
    "total_count",
    "good_count",
    "reject_count",
    "rework_count",
    "unscheduled_count",
    "stop_count",
    "closed_stop_count",
    "closed_stop_s",
]


@dataclass(frozen=True)
class Route:
    """An address: its template below /api/v1 and the call; `fields` stand in its items, or in the answer."""

    method: str
    template: str
    path: str = ""
    params: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    body: object = None


def _get(template: str, path: str = "", params: dict[str, str] | None = None, *fields: str) -> Route:
    return Route("GET", template, path, tuple((params or {}).items()), fields)


def _stop(clock: str) -> str:
    at_us = round(datetime.fromisoformat(_at(clock)).timestamp()) * 1_000_000
    return f"pressing~press~{at_us}"


STOP, CUT, SECOND_HALF = _stop("07:10:00"), _at("07:16:00"), _stop("07:16:00")


def _rehearsed(template: str, path: str, body: object) -> Route:
    """Master data, not really written: the walk's figures are to stay."""
    return Route("PUT", template, path, (("dry_run", "true"),), ("changed", "effective", "shifts"), body)


ROUTES = (
    *(
        _get("/kpis", "", {**(WIDE if group in ("week", "month") else WINDOW), "group_by": group}, *KPI_FIELDS)
        for group in ("none", "hour", "shift", "day", "week", "month", "product", "order")
    ),
    _get("/kpis", "", {**WINDOW, "machine": "press", "limit": "1", "cursor": ""}, *KPI_FIELDS),
    _get("/lines", "", None, "id"),
    _get("/lines/{line}/state", "/lines/pressing/state", None, "category"),
    _get(
        "/lines/{line}/intervals",
        "/lines/pressing/intervals",
        RANGE,
        *["start", "end", "category", "state", "reason", "machine", "open"],
    ),
    _get("/lines/{line}/intervals", "/lines/pressing/intervals", {**RANGE, "machine": "press"}, "start"),
    _get("/stops", "", WINDOW, "id", "reason"),
    Route("PATCH", "/stops/{stop}", f"/stops/{STOP}", (), ("reason", "note", "entry"), {"note": "a jam"}),
    Route("POST", "/stops/{stop}/split", f"/stops/{STOP}/split", (), ("id",), {"at": CUT}),
    Route("POST", "/stops:merge", "", (), ("id", "entry"), {"stops": [STOP, SECOND_HALF]}),
    Route("POST", "/entries/{number}:undo", "/entries/3:undo", (), ("id",), {"why": "two stops after all"}),
    _get("/entries", "", WINDOW, "entry", "author", "undone"),
    _get("/shifts", "", WINDOW, "shift"),
    _get("/lines/{line}/shifts/{production_date}/{shift}/explain", f"{SHIFT_PATH}/explain", None, "segments", "sums"),
    _get("/kpis/{kpi}/explain", f"/kpis/pressing-line-{DATE}/explain", None, "parts", "sums"),
    _rehearsed("/products/{product}", "/products/A", {"ideal_cycle_s": 7}),
    Route("PUT", "/orders/{order}", "/orders/1", (), ("id", "status"), {"line": "pressing", "product": "A"}),
    Route("POST", "/orders/{order}:start", "/orders/1:start", (), ("entry",)),
    Route("POST", "/orders/{order}:pause", "/orders/1:pause", (), ("entry",)),
    Route("POST", "/orders/{order}:finish", "/orders/1:finish", (), ("entry",)),
    Route("POST", "/bookings"),
    _get("/bookings", "", WINDOW),
    _rehearsed(
        "/calendars/{calendar}/exceptions/{production_date}",
        f"/calendars/default/exceptions/{DATE}",
        {"closed": True},
    ),
    _rehearsed("/lines/{line}/targets", "/lines/pressing/targets", {"oee": 0.5, "effective": "always"}),
    _get("/products", "", None, "id"),
    _get("/calendars/{calendar}/exceptions", "/calendars/default/exceptions", None, "items"),
    _get("/webhooks"),
    Route("POST", "/webhooks"),
    _get("/revisions", "", {"since": f"{DAY}T00:00:00Z"}, "revision"),
    _get("/events"),
)
PLAIN = ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs")
PAGES = ("/", "/lines/pressing", f"{SHIFT_PATH}", "/tv/pressing")
PAGES_TO_COME = {"/tv/pressing"}


@pytest.fixture(scope="module")
def walk(server, template, tmp_path_factory):
    """A database with an hour in it, and the folder of its files."""
    folder = tmp_path_factory.mktemp("walk")
    with module_database(server, template) as database:
        _import_all(folder, database, _rows())
        yield database, folder


@pytest.mark.parametrize("call", COMMANDS, ids=lambda call: call.words.replace(DATE, "DATE"))
def test_each_command_works_or_is_not_there_yet(walk, call, tmp_path_factory):
    database, folder = walk
    if call.words.startswith(("user", "key")):  # after an account exists, the API is no longer open to this machine
        database = make_conninfo(database, dbname=_copy(database))
    words = [word.format(folder=folder) for word in call.words.split()]
    result = oee(*words, database=database, data_dir=folder, given=call.given)
    assert "Traceback" not in result.stderr
    if any(set(refused) <= set(words) for refused in OF_COMMANDS):
        assert result.returncode == 2
        assert NOT_YET in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""
    else:
        assert result.returncode == 0, result.stderr
        assert call.said in result.stdout


def _copy(database):
    """A copy of a database for a command that must not touch it; dropped with the server."""
    import psycopg
    from psycopg import sql

    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(make_conninfo(database, dbname="postgres"), autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        copy = f"{name}_{time.monotonic_ns()}"
        conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copy), sql.Identifier(name)))
    return copy


def test_no_command_is_both_there_and_not_yet():
    named = {words.split()[0] for words in (call.words for call in COMMANDS)}
    assert set(cli_not_yet.COMMANDS) <= named
    there = {name for name, command in oee_group.commands.items() if not (command.help or "").startswith("Not there")}
    assert not there & set(cli_not_yet.COMMANDS)
    assert set(oee_group.commands) <= named, "the walk leaves a command out"


@pytest.fixture(scope="module")
def api(walk):
    with served(walk[0]) as client:
        yield client


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.template} {dict(r.params).get('group_by', '')}")
def test_each_address_works_or_is_not_there_yet(api, route):
    path = f"/api/v1{route.path or route.template}"
    if route.template == "/events" and not _refused(route):
        with api.stream("GET", path) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
        return
    body = {} if route.body is None else {"json": route.body}
    answer = api.request(route.method, path, params=dict(route.params), **body)
    if _refused(route):
        _assert_not_yet(answer)
        return
    if (
        route.method != "GET" and not route.body and not route.fields
    ):  # a change that says nothing is told what is missing
        assert answer.status_code == 422, answer.text
        return
    assert answer.status_code == 200, answer.text
    body = answer.json()
    item = body["items"][0] if body.get("items") else body
    assert set(route.fields) <= set(item), route.template
    if route.template == "/kpis":
        assert set(ELEMENTS) <= set(item["elements"])
        assert {"s", "parts"} == set(item["losses"]["breakdown"])


def _assert_not_yet(answer):
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    assert NOT_YET in answer.json()["detail"]


REPORT = "/lines/{line}/shifts/{production_date}/{shift}/report"
FORMATS = {
    "json": "application/json",
    "html": "text/html",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}
"""Of the shift report: as a name, or as a media type in `Accept`."""


@pytest.mark.parametrize("asked", ["format", "accept"])
@pytest.mark.parametrize("name", FORMATS)
def test_each_format_of_the_report_works_or_is_not_there_yet(api, name, asked):
    path = f"/api/v1{SHIFT_PATH}/report"
    by_name = asked == "format"
    answer = api.get(
        path, params={"format": name} if by_name else {}, headers={} if by_name else {"Accept": FORMATS[name]}
    )
    if name in api_not_yet.REPORT_FORMATS:
        assert api_not_yet.REPORT_FORMATS[name] == FORMATS[name]
        _assert_not_yet(answer)
        return
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].partition(";")[0] == FORMATS[name]
    assert "580" in answer.text


def _refused(route):
    refused = {(entry.method, entry.path) for entry in api_not_yet.NOT_YET}
    return (route.method, route.template) in refused


def test_no_address_is_both_served_and_not_yet():
    served_ = [
        (method, str(route.path))
        for route in iter_route_contexts(memory_app().routes)
        for method in route.methods or ()
        if method != "HEAD"
    ]
    assert len(served_) == len(set(served_))
    walked = {(route.method, route.template) for route in ROUTES}
    assert {(entry.method, entry.path) for entry in api_not_yet.NOT_YET} <= walked


def test_what_is_not_yet_there_is_refused_to_those_only_who_may_ask(walk):
    database, folder = walk
    guarded = make_conninfo(database, dbname=_copy(database))
    key = _done(oee("key", "add", "looks", "--role", "viewer", database=guarded, data_dir=folder)).stdout.strip()
    with served(guarded) as client:
        viewer = {"Authorization": f"Bearer {key}"}
        assert client.post("/api/v1/bookings").status_code == 401
        assert client.post("/api/v1/bookings", headers=viewer).status_code == 403
        assert client.get("/api/v1/webhooks", headers=viewer).status_code == 501


@pytest.mark.parametrize("path", [*PLAIN, *PAGES])
def test_each_page_is_there(api, path):
    answer = api.get(path)
    if path in PAGES_TO_COME:
        assert answer.status_code == 501
        assert answer.headers["content-type"].startswith("text/html")
        assert NOT_YET in answer.text
        return
    assert answer.status_code == 200
    if path == "/openapi.json":
        documented = {(m.upper(), p) for p, operations in answer.json()["paths"].items() for m in operations}
        assert {(r.method, f"/api/v1{r.template}") for r in ROUTES} | {("GET", f"/api/v1{REPORT}")} <= documented


PLANT_FILE = (Path(__file__).parent / "contract_plant.yaml").read_text(encoding="utf-8")


def test_the_plant_file_of_the_interface_is_taken_or_each_rest_is_told_as_without_effect_yet():
    """Every key of the interface's example is known: what is refused has no effect yet, and says so."""
    assert _other_faults(PLANT_FILE) == []


OPCUA = 'endpoint: "opc.tcp://127.0.0.1:4840", security: {policy: None, accept_none: true}'
VARIANTS = {
    "rotation": (
        "week:",
        "rotation: {anchor: 2026-01-05, days: [[early], [early], [late], [], []], teams: {A: 0, B: 2}}",
    ),
    "polled": ("plc1:", f"plc1: {{kind: opcua, {OPCUA}}}"),
    "ideal rate": ("ideal_cycle_s:", "ideal_rate_per_h: 600"),
    "a value holds": ("max_age_s:", "max_age_s: null"),
    "counted by others": ("rollup:", "rollup: {machine: filler, count_total: filler, count_good: capper}"),
    "no connector": ("good:", "good: {counter: {}}"),
    "delta": ("total:", 'total: {connector: plc2, address: "input:30001", type: uint16, scale: 1, delta: true}'),
    "derived from a counter": ("state:  {connector: plc1", "state: {derive: counter}"),
    "derived from a speed": ("state:  {connector: plc1", "state: {derive: speed, above: 10}\nspeed: {}"),
}
"""What the interface's description says beside its example: the line that starts so is written otherwise."""


def _other_faults(text):
    """What is wrong with a plant file beside what has no effect yet."""
    try:
        load_plant_text(text, "plant.yaml")
    except PlantFileError as error:
        return [fault for fault in error.faults if "no effect yet in this version" not in fault]
    return []


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_of_the_plant_file_is_taken_or_told_as_without_effect_yet(name):
    start, instead = VARIANTS[name]
    lines = PLANT_FILE.splitlines()
    (at,) = (n for n, line in enumerate(lines) if line.lstrip().startswith(start))
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    lines[at : at + 1] = [indent + line for line in instead.splitlines()]
    assert _other_faults("\n".join(lines)) == []


def test_the_environments_variables_work(walk, tmp_path):
    database, folder = walk
    assert {"OEE_DATABASE_URL", "OEE_DATABASE_URL_FILE", "OEE_PLANT", "OEE_DATA_DIR", "OEE_LOG"} <= set(VARIABLES)
    (tmp_path / "url").write_text(database + "\n", encoding="utf-8")
    (tmp_path / "password").write_text("correct horse battery\n", encoding="utf-8")
    by_file = {"database": None, "data_dir": folder, "OEE_DATABASE_URL_FILE": str(tmp_path / "url")}
    assert "pressing" in _done(oee("status", **by_file)).stdout
    assert "fine" in _done(oee("check", **by_file, OEE_PLANT=str(folder / "plant.yaml"))).stdout
    copy = make_conninfo(database, dbname=_copy(database))
    first = ("user", "add", "boss", "--role", "admin", "--first")
    secret = {"database": copy, "data_dir": folder, "OEE_PASSWORD_FILE": str(tmp_path / "password")}
    assert _done(oee(*first, **secret)).stdout == "boss may log in as admin\n"
    assert _done(oee(*first, **secret)).stdout == "there is an account already\n"


def test_logs_are_json_when_asked_and_a_password_apart_from_the_address_is_used(walk, tmp_path):
    database, folder = walk
    parts = conninfo_to_dict(database)
    password = parts.pop("password", "") or "unused over a socket"
    apart = make_conninfo("", **parts)
    (tmp_path / "password").write_text(password, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = environment(apart, folder) | {
        "OEE_DATABASE_PASSWORD_FILE": str(tmp_path / "password"),
        "OEE_LOG": "json",
    }
    command = [sys.executable, "-m", "oee", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=variables, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait(f"http://127.0.0.1:{port}/readyz")
        finally:
            process.terminate()
            said = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    for line in said.splitlines():
        assert line.startswith(("{", "serving on")), line


def _wait(url):
    end = time.monotonic() + 20
    while True:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end
        time.sleep(0.1)
