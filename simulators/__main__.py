"""``python -m simulators``: a scenario's devices in real time, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from simulators.beginning import Beginning
from simulators.live import LivePlant, recording, wall_clock_us
from simulators.modbus_server import ModbusSimulator
from simulators.model import Plant
from simulators.opcua_server import OpcuaSimulator
from simulators.plant_file import plant_yaml
from simulators.scenarios import SCENARIOS
from simulators.truth import TruthWriter


def main() -> None:
    """Run the simulators as the command line says."""
    asyncio.run(_run(_arguments()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulators",
        description="Simulated machines over OPC UA and Modbus. Prints a line of JSON when they are up; Ctrl-C ends.",
    )
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="demo")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epoch", type=_epoch_us, metavar="TIME", help="beginning of the model, with offset [now]")
    parser.add_argument("--days", type=int, default=0, metavar="N", help="it began N days ago, at midnight UTC [now]")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep beginning and seed there: a restart goes on")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--opcua-port", type=int, default=0, metavar="N", help="0 takes a free one")
    parser.add_argument("--modbus-port", type=int, default=0, metavar="N", help="0 takes a free one")
    parser.add_argument("--end-with-input", action="store_true", help="end when standard input does, too")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="write the truth file")
    parser.add_argument("--plant-file", type=Path, metavar="FILE", help="write the plant file for a collector")
    parser.add_argument("--plant-host", default="127.0.0.1", metavar="NAME", help="how the collector reaches them")
    return parser.parse_args()


def _epoch_us(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no offset: write {text}Z or {text}+01:00")
    return int(at.timestamp() * 1e6)


def _beginning(arguments: argparse.Namespace) -> Beginning:
    now_us = wall_clock_us()
    asked = Beginning.some_days_ago(arguments.days, arguments.seed, now_us)
    if arguments.epoch:
        asked = Beginning(arguments.epoch, arguments.seed, now_us)
    return asked.kept_in(arguments.keep) if arguments.keep else asked


async def _run(arguments: argparse.Namespace) -> None:
    began = _beginning(arguments)
    live = LivePlant(Plant.at(began.seed, SCENARIOS[arguments.scenario](began.epoch_us), began.epoch_us))
    live.now_us()
    async with AsyncExitStack() as stack:
        if arguments.truth:
            truth = stack.enter_context(TruthWriter(arguments.truth, live.plant))
            await stack.enter_async_context(recording(live, truth))
        opcua = await stack.enter_async_context(OpcuaSimulator(live, arguments.host, arguments.opcua_port))
        modbus = await stack.enter_async_context(ModbusSimulator(live, arguments.host, arguments.modbus_port))
        if arguments.plant_file:
            text = plant_yaml(live.plant.scenario, opcua.port, modbus.port)
            arguments.plant_file.write_text(text.replace("127.0.0.1", arguments.plant_host), encoding="utf-8")
        stopped = _stop_event()
        if arguments.end_with_input:
            asyncio.get_running_loop().add_reader(sys.stdin, _at_end_of_input, stopped)
        ready = {"opcua_port": opcua.port, "modbus_port": modbus.port, "epoch_us": began.epoch_us, "seed": began.seed}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stopped.wait()


def _at_end_of_input(stopped: asyncio.Event) -> None:
    """Stop where whoever holds the other end of standard input has gone, however that came about."""
    if not os.read(sys.stdin.fileno(), 4096):
        stopped.set()


def _stop_event() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


if __name__ == "__main__":
    main()
