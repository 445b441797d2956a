"""Measures, inside the guest; see tests/vm/bench."""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import sys
import time
import traceback
from pathlib import Path

import memory
import table
from bench import Bench
from meter import Meter
from works import STDFU, WORKS

OUT = Path(os.environ["GUEST_OUT"])


def main(arguments):
    parser = argparse.ArgumentParser(prog="tests/vm/bench")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args(arguments)
    chosen = [work for work in WORKS if not options.names or any(part in work.name for part in options.names)]
    if not chosen or options.runs < 1:
        parser.error(f"works are: {', '.join(work.name for work in WORKS)}; runs from 1 on")

    # What several boards are flashed with is what each of them is flashed with.
    counted = [work for work in chosen if work.boards == 1 or not work.leaves]

    stdfu = shutil.copy(os.environ["STDFU"], "/run/stdfu")
    programs = memory.install({"stdfu": stdfu, "dfu-util": shutil.which("dfu-util"), "cmp": shutil.which("cmp")})
    bench = Bench(stdfu, programs, Meter())
    started = time.monotonic()
    # In memory while time is taken.
    log = open("/run/bench.log", "w")
    try:
        with contextlib.redirect_stdout(log):
            # First, so that the tools are in memory when time is taken.
            print("counting requests", file=sys.__stdout__, flush=True)
            counts = {work: {tool: bench.count(work, tool) for tool in work.tools} for work in counted}
            runs = {work: {tool: [] for tool in work.tools} for work in chosen}
            for number in range(1, options.runs + 1):
                for work in chosen:
                    done = bench.in_turns(work)
                    for tool, more in done.items():
                        runs[work][tool] += more
                    _show(number, work, done)
    except Exception:
        traceback.print_exc()
        print(f"FAILED; the log is {OUT / 'bench.log'}", file=sys.stderr)
        return 1
    finally:
        log.close()
        shutil.copy(log.name, OUT / "bench.log")
    seconds = {work: {tool: [run.seconds for run in runs[work][tool]] for tool in work.tools} for work in chosen}
    print()
    for line in (*table.times(seconds), "", *table.traffic(counts)):
        print(line)
    file = OUT / "bench.json"
    file.write_text(json.dumps(_document(options.runs, runs, counts), indent=1) + "\n")
    print(f"\n{options.runs} runs in {time.monotonic() - started:.0f} s; every single time is in {file}")
    return 0


def _show(number, work, done):
    """So that nobody has to wait in the dark."""
    shown = (f"{tool} {statistics.median(run.seconds for run in runs):.3f} s" for tool, runs in done.items())
    print(f"run {number}, {work.name}: {', '.join(shown)}", file=sys.__stdout__, flush=True)


def _document(number, runs, counts):
    works = []
    for work, tools in runs.items():
        seconds = {tool: [run.seconds for run in done] for tool, done in tools.items()}
        measured = {tool: {"seconds": seconds[tool]} for tool in work.tools}
        for tool, (requests, payload) in counts.get(work, {}).items():
            measured[tool] |= {"requests": requests, "bytes": payload}
        if STDFU in measured:
            measured[STDFU]["said"] = [run.said for run in tools[STDFU]]
        rivals = [tool for tool in work.tools if tool != STDFU and STDFU in work.tools]
        compared = {
            rival: dict(zip(("pairs", "median"), table.ratios(seconds[STDFU], seconds[rival])))
            | {"target": work.targets.get(rival)}
            for rival in rivals
        }
        works.append(
            {
                "name": work.name,
                "boards": work.boards,
                "floor_seconds": work.floor,
                "most_requests": work.most_requests,
                "tools": measured,
                "stdfu_against": compared,
            }
        )
    return {"schema": 1, "runs": number, "works": works}


sys.exit(main(sys.argv[1:]))
