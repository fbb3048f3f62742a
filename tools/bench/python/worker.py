"""A worker of the benchmark runner: `python worker.py PEER --threads N [--compile]`.

Speaks tools/src/bench/protocol.ts: a JSON request a line on stdin, a JSON reply a line on stdout.
"""

import argparse
import importlib
import json
import os
import platform
import resource
import sys
import time

PEERS = {"torchdiffeq": "torchdiffeq_peer", "diffrax": "diffrax_peer"}


class Unsupported(Exception):
    """The peer has no such thing; the message says what."""


def timed(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def prepare(peer, problem, options):
    program = peer.program_of(problem, options)
    first, second = timed(program.run), timed(program.run)
    answer, counts = program.answer()
    versions = {"python": platform.python_version(), **peer.versions()}
    return program, {
        "answer": answer,
        "counts": counts,
        "compileMs": max(0.0, first - second),
        "runMs": second,
        "versions": versions,
    }


def round_of(program, units, seconds):
    start, times = time.perf_counter(), []
    while True:
        program.restart()
        times += [timed(program.run) for _ in range(units)]
        if time.perf_counter() - start >= seconds:
            return times


def reach(program, request):
    program.restart()
    program.test()
    start, done, loss = time.perf_counter(), 0, float("inf")
    while not loss <= request["target"] and done < request["limit"] and time.perf_counter() - start < request["seconds"]:
        for _ in range(request["every"]):
            program.run()
        done += request["every"]
        loss = program.test()
    ms = (time.perf_counter() - start) * 1000
    return {"reached": loss <= request["target"], "iterations": done, "ms": ms, "loss": loss}


def status_bytes(name):
    """A field of /proc/self/status in bytes; None where there is no such file."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def largest_resident():
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def memory(program, ts):
    """Resident size before the gradient over `ts`, and its peak during it: since the reset where Linux has one."""
    try:
        with open("/proc/self/clear_refs", "w") as clear:
            clear.write("5")
    except OSError:
        pass
    base = status_bytes("VmRSS") or largest_resident()
    answer, counts = program.over(ts)
    # The system counts pages per thread and adds up roughly: its peak may be read as less than the size at the start.
    peak = max(base, status_bytes("VmHWM") or largest_resident())
    return {"answer": answer, "counts": counts, "baseBytes": base, "peakBytes": peak}


class Worker:
    def __init__(self, options):
        self.options = options
        self.program = None
        self.units = 1

    def handle(self, request):
        if "prepare" in request:
            try:
                peer = importlib.import_module(PEERS[self.options.peer])
            except ImportError as error:
                return {"unavailable": f"{error} ({sys.executable})"}
            problem = request["prepare"]
            if problem["dtype"] != "f32":
                raise Unsupported(f"no {problem['dtype']}")
            task = problem["task"]
            self.units = task["iterations"] if task["kind"] == "training" else 1
            self.program, prepared = prepare(peer, problem, self.options)
            return {"prepared": prepared}
        if self.program is None:
            return {"error": "asked to run before it was prepared"}
        if "round" in request:
            return {"times": round_of(self.program, self.units, request["round"]["seconds"])}
        if "reach" in request:
            return {"reach": reach(self.program, request["reach"])}
        return {"memory": memory(self.program, request["memory"]["ts"])}

    def reply(self, request):
        try:
            return self.handle(request)
        except Unsupported as reason:
            return {"unsupported": str(reason)}
        except Exception as error:  # whatever went wrong is the reply: a row of the table
            return {"error": f"{type(error).__name__}: {error}"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=sorted(PEERS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="torch.compile of the dynamics")
    options = parser.parse_args()
    # Replies are the only lines of the runner's pipe; whatever a library prints goes to stderr.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(options)
    for line in sys.stdin:
        replies.write(json.dumps(worker.reply(json.loads(line))) + "\n")
        replies.flush()


if __name__ == "__main__":
    # Peers import `Unsupported` from `worker`: the very module that is running.
    sys.modules["worker"] = sys.modules["__main__"]
    main()
