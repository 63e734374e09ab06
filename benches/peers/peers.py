"""Measures argtop and other systems on the same vectors and queries: `make bench-peers`.

Each system is a process of its own (`worker.py`, and the program `main.rs` for argtop). It builds, is asked at
rising effort until enough of the right answers come, and is then measured in turns with one argtop index, the
reference, so that whatever else the machine does falls on both. One JSON line a system goes to results.jsonl; a
system that has a line there is not measured again, so that a run may be cut short and taken up, or be made
system by system.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import sys
import time

import argtop
import report
from data import FRESH, Data
from libraries import LIBRARIES
from process import Failed, Process
from stores import STORES

HERE = pathlib.Path(__file__).resolve().parent
# Queries that recall is measured with, and those of a turn.
ASKED = 500
# A turn of a slow system has fewer queries, so that it takes about so long.
TURN_SECONDS = 4
QUICK_QUERIES = 100
COLD_OPENS = 3
SYNCS = 200
# Recall of the last point of a curve.
ENOUGH = 0.995


def say(text):
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def files_of(path):
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]


def disk_bytes(path):
    return sum(file.stat().st_size for file in files_of(path))


def forget(path):
    """Asks the system to drop the files from its cache, so that they are read from the disk again."""
    os.sync()
    for file in files_of(path):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def syncs_per_second(folder):
    """How often a second a small write can be brought to the disk, which bounds durable inserts."""
    path = folder / "sync.probe"
    with open(path, "wb", buffering=0) as file:
        started = time.perf_counter()
        for _ in range(SYNCS):
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
        taken = time.perf_counter() - started
    path.unlink()
    return SYNCS / taken


def fresh_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    return path


class System:
    """A system under measurement: how its processes are started, and what they are told."""

    def __init__(self, name, bench):
        self.name, self.bench = name, bench
        self.folder = bench.work / name
        self.fields = {
            "queries": str(bench.data.queries),
            "limit": argtop.LIMIT,
            "threads": bench.threads,
            "dimension": bench.data.dimension,
            "folder": str(self.folder),
        }
        self.statements = bench.statements.get(name)
        if self.statements:
            self.arguments = [bench.program]
            self.fields |= {key: self.statements[key] for key in ("index", "search", "batch")}
            about = {"versions": {}, "store": True, "efforts": self.statements["efforts"]}
            about["durable"] = "a commit for each row, synced"
        else:
            self.arguments = [sys.executable, HERE / "worker.py", name]
            with self.start() as process:
                about = process.ask("about")
        self.about = about

    def start(self):
        return Process(self.arguments, self.bench.work / "workers.log")

    def ask(self, process, command, **fields):
        return process.ask(command, **{**self.fields, **fields})

    def build(self):
        """Builds; gives the process that holds the result, not opened yet, and the figures."""
        kept = self.folder.with_suffix(".json")
        stamp = [self.fields.get("index"), os.stat(self.bench.program).st_mtime]
        if self.statements and kept.exists():
            built = json.loads(kept.read_text())
            if built["stamp"] == stamp and self.folder.exists():
                return self.start(), built["figures"]
        kept.unlink(missing_ok=True)
        fresh_folder(self.folder)
        process = self.start()
        try:
            figures = self.ask(process, "build", vectors=str(self.bench.data.vectors))
        except Failed:
            process.close()
            raise
        if self.about["store"]:
            # What a build leaves in memory is not what an opened database needs.
            process.close()
            process = self.start()
            figures["disk_bytes"] = disk_bytes(self.folder)
        if self.statements:
            kept.write_text(json.dumps({"stamp": stamp, "figures": figures}))
        return process, figures


class Bench:
    def __init__(self, options):
        self.home, self.program, self.rounds = options.home, options.program, options.rounds
        self.threads = os.cpu_count()
        self.target = options.recall
        self.statements = dict(argtop.SYSTEMS)
        if options.index:
            stage = options.stage or f"SHORTLIST(i, limit => {argtop.LIMIT})"
            self.statements[options.name] = argtop.system(options.index, stage, options.efforts)
        name = options.source.name + (f"-{options.rows}" if options.rows else "")
        self.name, self.work = name, self.home / "work" / name
        self.work.mkdir(parents=True, exist_ok=True)

        def encode(texts, out):
            say(f"encoding {texts.name}")
            with Process([self.program], self.work / "workers.log") as process:
                fields = {"texts": str(texts), "out": str(out), "dimension": 384}
                fields |= {"model": str(options.model), "onnxruntime": str(options.onnxruntime)}
                process.ask("encode", folder=str(self.work / "encode.db"), **fields)

        self.data = Data(self.home / "data" / name, options.source, options.rows, encode)
        self.results = self.home / f"results-{name}.jsonl"

    def rows(self):
        """The last line of each system."""
        if not self.results.exists():
            return {}
        lines = [json.loads(line) for line in self.results.read_text().splitlines()]
        return {row["system"]: row for row in lines}

    def keep(self, row):
        row |= {"at": int(time.time()), "load": os.getloadavg()[0]}
        with open(self.results, "a") as file:
            file.write(json.dumps(row) + "\n")

    def reference(self):
        rows = self.rows()
        measured = [name for name in argtop.REFERENCES if "recall" in rows.get(name, {})]
        return measured[0] if measured else None

    def run(self, name):
        row = {"system": name, "rows": self.data.rows, "dimension": self.data.dimension}
        try:
            system = System(name, self)
            row |= {"versions": system.about["versions"], "durable": system.about["durable"]}
            self.measure(system, row)
        except Failed as reason:
            row = {"system": name, "failed": str(reason)}
            say(f"{name}: not run: {reason}")
        self.keep(row)
        if name not in self.statements:
            fresh_folder(self.work / name)

    def measure(self, system, row):
        say(f"{system.name}: building")
        process, figures = system.build()
        row |= figures
        with process:
            system.ask(process, "open", effort=system.about["efforts"][0])
            self.sweep(system, process, row)
            self.turns(system, process, row)
        if system.about["store"]:
            self.durability(system, row)

    def sweep(self, system, process, row):
        """Raises the effort until enough of the right answers come; keeps the curve."""
        out = self.work / "answers.npy"
        row["curve"] = []
        for effort in system.about["efforts"]:
            quick = system.ask(process, "alone", effort=effort, count=QUICK_QUERIES)
            asked = ASKED if quick["per_s"] > ASKED / TURN_SECONDS / 4 else QUICK_QUERIES
            answers = system.ask(process, "answers", effort=effort, count=asked, out=str(out))
            recall = self.data.recall(report.load(out))
            row["curve"].append([recall, quick["per_s"]])
            say(f"{system.name}: effort {effort}: recall {recall:.4f}, {quick['per_s']:.0f} queries/s")
            if row.get("recall", 0) < self.target:
                count = max(QUICK_QUERIES, min(ASKED, int(TURN_SECONDS * quick["per_s"])))
                row |= {"recall": recall, "effort": effort, "count": count} | answers
            if recall >= ENOUGH:
                break

    def turns(self, system, process, row):
        """Rounds of single queries and of batches, in turns with the reference where there is one. The first
        round only warms up: what is mapped is touched, and pools have their threads."""
        sides = {"own": (system, process, row)}
        reference = self.reference()
        opened = None
        if reference and reference != system.name:
            other = System(reference, self)
            opened, _ = other.build()
            chosen = self.rows()[reference]
            other.ask(opened, "open", effort=chosen["effort"])
            sides["reference"] = (other, opened, chosen)
        found = {side: {"alone": [], "batch": []} for side in sides}
        for number in range(self.rounds + 1):
            for command in ("alone", "batch"):
                for side, (asked, worker, how) in sides.items():
                    # Threads of the last turn may still wait busily for work.
                    time.sleep(0.2)
                    fields = {"effort": how["effort"], "count": how["count"]}
                    answer = asked.ask(worker, command, **fields)
                    if number > 0:
                        found[side][command].append(answer)
            say(f"{system.name}: round {number} of {self.rounds}")
        if opened:
            opened.close()
        row |= middle(found["own"]["alone"], "") | middle(found["own"]["batch"], "batch_")
        row["way"] = found["own"]["batch"][0]["way"]
        if opened:
            alone, batch = (middle(found["reference"][command], "") for command in ("alone", "batch"))
            row["reference"] = {"system": reference, "recall": chosen["recall"]}
            row["reference"] |= {"p50_us": alone["p50_us"], "cpu_us": alone["cpu_us"]}
            row["reference"]["batch_per_s"] = batch["per_s"]

    def durability(self, system, row):
        """Opens with nothing in memory, and inserts."""
        effort = row["effort"]
        opens = []
        for _ in range(COLD_OPENS):
            forget(system.folder)
            with system.start() as process:
                opens.append(system.ask(process, "open", effort=effort))
        row |= {f"cold_{name}": value for name, value in middle(opens, "").items()}
        folder = system.folder
        if system.statements:
            # argtop's database is kept for later turns.
            folder = fresh_folder(self.work / "insert.db")
            shutil.copytree(system.folder, folder)
        row["syncs_per_s"] = syncs_per_second(self.work)
        with system.start() as process:
            if not system.statements:
                system.ask(process, "open", effort=effort)
            fields = {"fresh": str(self.data.fresh), "first": self.data.rows, "folder": str(folder)}
            row |= system.ask(process, "insert", effort=effort, **fields)
        if system.statements:
            fresh_folder(folder)
        say(f"{system.name}: {row['insert_per_s']:.0f} inserts/s of {FRESH}")


def middle(figures, prefix):
    """The median of every number over the rounds."""
    names = [name for name, value in figures[0].items() if isinstance(value, (int, float))]
    return {prefix + name: statistics.median(figure[name] for figure in figures) for name in names}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("--home", type=path, required=True, help="folder for vectors, databases and results")
    parser.add_argument("--program", type=path, required=True, help="the built bench `peers`")
    parser.add_argument("--model", type=path, required=True, help="folder of the encoder")
    parser.add_argument("--onnxruntime", type=path, required=True, help="the ONNX Runtime library")
    parser.add_argument("--source", type=path, required=True, help="folder with lbl.json.gz and tst.json.gz")
    parser.add_argument("--document", type=path, help="BENCHMARKS.md, whose table a run over all labels replaces")
    parser.add_argument("--rows", type=int, help="labels to take, spread over the set; all without it")
    parser.add_argument("--systems", help="names with commas; all without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--recall", type=float, default=0.95, help="recall@100 to reach")
    parser.add_argument("--again", action="store_true", help="measure systems that have results already")
    parser.add_argument("--report", action="store_true", help="measure nothing: table and picture only")
    parser.add_argument("--name", default="argtop-given", help="name of the system that --index makes")
    parser.add_argument("--index", help="a CREATE INDEX i ON labels statement to measure besides")
    parser.add_argument("--stage", help="the stages after VIA for it; {effort} stands for the effort")
    parser.add_argument("--efforts", type=json.loads, default=[0], help="its efforts: [100, 200]")
    return parser.parse_args()


def main():
    given = options()
    bench = Bench(given)
    every = [*bench.statements, *LIBRARIES, *STORES]
    names = given.systems.split(",") if given.systems else every
    unknown = [name for name in names if name not in every]
    if unknown:
        sys.exit(f"peers: no system {', '.join(unknown)}; there are {', '.join(every)}")
    if not given.report:
        # A failure is tried again, since what was missing may have come.
        done = {name for name, row in bench.rows().items() if "failed" not in row}
        for name in names:
            if given.again or name not in done:
                bench.run(name)
    table = report.table(bench, every, sys.argv[1:])
    print(table)
    picture = report.picture(bench.rows(), bench.target)
    (bench.home / f"peers-{bench.name}.svg").write_text(picture)
    kept = bench.home / f"peers-{bench.name}.md"
    kept.write_text(table)
    if given.document and not given.rows:
        missing = report.publish(given.document, table, picture, every)
        if missing:
            named = ", ".join(missing)
            print(f"peers: {given.document} stays as it is, since {named} were not measured; see {kept}")


if __name__ == "__main__":
    main()
