"""One other system in a process of its own: `worker.py SYSTEM` reads commands, one JSON object a line, and
answers each with one JSON object a line, as argtop's side (`main.rs`) does."""

import importlib.metadata
import json
import os
import pathlib
import sys
import time

import numpy as np

from libraries import LIBRARIES
from stores import STORES

# Inserts stop after so many seconds, however few there were.
INSERT_SECONDS = 30


def resident_bytes():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def quantiles(times):
    p50, p99 = np.quantile(times, [0.5, 0.99]) * 1e6
    return float(p50), float(p99)


class Worker:
    def __init__(self, name):
        self.system = (LIBRARIES | STORES)[name]()

    def build(self, command):
        self.read_queries(command)
        # The matrix that is read here is gone again when the answers are given.
        self.before = resident_bytes()
        rows = np.load(command["vectors"])
        threads = command["threads"]
        started = time.perf_counter()
        if not self.system.store:
            self.system.build(rows, threads)
            return {"build_s": time.perf_counter() - started}
        folder = pathlib.Path(command["folder"])
        self.system.open(folder, rows.shape[1])
        self.system.load(rows)
        load = time.perf_counter() - started
        self.system.index(threads)
        both = time.perf_counter() - started
        self.system.close()
        return {"load_s": load, "build_s": both - load, "load_rows_per_s": len(rows) / both}

    def read_queries(self, command):
        self.queries = np.load(command["queries"])
        self.limit = command["limit"]
        self.threads = command["threads"]

    def open(self, command):
        """A library is open when it is built."""
        if not self.system.store:
            return {}
        self.read_queries(command)
        self.before = resident_bytes()
        started = time.perf_counter()
        self.system.open(pathlib.Path(command["folder"]), self.queries.shape[1])
        opened = time.perf_counter() - started
        self.system.set_effort(command["effort"])
        self.system.one(self.queries[0], self.limit, command["effort"])
        return {"open_s": opened, "first_answer_s": time.perf_counter() - started}

    def answers(self, command):
        self.system.set_effort(command["effort"])
        queries = self.queries[: command["count"]]
        found = np.full((len(queries), self.limit), -1, np.int64)
        for row, query in zip(found, queries):
            ids = self.system.one(query, self.limit, command["effort"])
            row[: len(ids)] = ids
        np.save(command["out"], found)
        return {"memory_bytes": max(0, resident_bytes() - self.before)}

    def alone(self, command):
        effort = command["effort"]
        self.system.set_effort(effort)
        queries = self.queries[: command["count"]]
        times = []
        processor, started = time.process_time(), time.perf_counter()
        for query in queries:
            before = time.perf_counter()
            self.system.one(query, self.limit, effort)
            times.append(time.perf_counter() - before)
        wall, processor = time.perf_counter() - started, time.process_time() - processor
        p50, p99 = quantiles(times)
        return {
            "p50_us": p50,
            "p99_us": p99,
            "per_s": len(queries) / wall,
            "cpu_us": processor / len(queries) * 1e6,
        }

    def batch(self, command):
        if self.system.store:
            return {"way": "none"}
        self.system.set_effort(command["effort"])
        started = time.perf_counter()
        self.system.many(self.queries, self.limit, command["effort"], self.threads)
        return {"per_s": len(self.queries) / (time.perf_counter() - started), "way": "one call"}

    def insert(self, command):
        fresh = np.load(command["fresh"])
        first, times = command["first"], []
        for number, row in enumerate(fresh, first):
            before = time.perf_counter()
            self.system.insert(number, row)
            times.append(time.perf_counter() - before)
            if sum(times) > INSERT_SECONDS:
                break
        effort = command["effort"]
        self.system.set_effort(effort)
        looked = range(min(50, len(times)))
        found = [first + at in self.system.one(fresh[at], self.limit, effort) for at in looked]
        p50, p99 = quantiles(times)
        return {
            "inserts": len(times),
            "insert_per_s": len(times) / sum(times),
            "insert_p50_us": p50,
            "insert_p99_us": p99,
            "found_at_once": sum(found) / len(found),
        }

    def about(self, command):
        system = self.system
        versions = {package: importlib.metadata.version(package) for package in system.packages}
        return {
            "versions": versions,
            "store": system.store,
            "efforts": system.efforts,
            "durable": getattr(system, "durable", None),
        }


def main():
    # What a library prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    worker, failed = None, None
    try:
        worker = Worker(sys.argv[1])
    except Exception as error:
        failed = error
    for line in sys.stdin:
        command = json.loads(line)
        try:
            if failed:
                raise failed
            answer = getattr(worker, command["command"])(command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    main()
