"""Databases in the process, which keep vectors on disk.

Beside what a library does they are opened and closed, and take rows one by one; `durable` says what they
promise when such an insert has returned.
"""

import importlib.util
import pathlib

import numpy as np

BUILD_WIDTH = 200
ROWS_AT_ONCE = 5_000


class Store:
    store = True
    packages = ()

    def set_effort(self, effort):
        pass


def arrow_table(rows, first):
    """The rows as a table of Arrow, with ids from `first`."""
    import pyarrow

    numbers = pyarrow.array(np.ascontiguousarray(rows).ravel())
    vectors = pyarrow.FixedSizeListArray.from_arrays(numbers, rows.shape[1])
    return pyarrow.table({"id": pyarrow.array(np.arange(first, first + len(rows))), "z": vectors})


class SqliteVec(Store):
    """Exact: the stable release has no other search."""

    packages = ("sqlite-vec", "apsw")
    efforts = [0]
    durable = "a commit for each row, synced"

    def __init__(self):
        import apsw
        import sqlite_vec

        self.apsw, self.extension = apsw, sqlite_vec.loadable_path()

    def open(self, folder, dimension):
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = self.apsw.Connection(str(folder / "labels.sqlite"))
        self.connection.enable_load_extension(True)
        self.connection.load_extension(self.extension)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(
            f"CREATE VIRTUAL TABLE IF NOT EXISTS labels USING vec0(id INTEGER PRIMARY KEY, z FLOAT[{dimension}])"
        )

    def load(self, rows):
        with self.connection:
            pairs = ((number, row.tobytes()) for number, row in enumerate(rows))
            self.connection.executemany("INSERT INTO labels(id, z) VALUES (?, ?)", pairs)

    def index(self, threads):
        pass

    def one(self, query, limit, effort):
        sql = "SELECT id FROM labels WHERE z MATCH ? AND k = ?"
        return [row[0] for row in self.connection.execute(sql, (query.tobytes(), limit))]

    def insert(self, number, row):
        self.connection.execute("INSERT INTO labels(id, z) VALUES (?, ?)", (number, row.tobytes()))

    def close(self):
        self.connection.close()


class LanceDb(Store):
    packages = ("lancedb", "pyarrow")
    efforts = [
        {"ef": 150},
        {"ef": 300},
        {"ef": 600},
        {"ef": 800, "refine": 2},
        {"ef": 1200, "refine": 4},
    ]
    durable = "a file and a manifest for each row, not synced"

    def __init__(self):
        import lancedb

        self.lancedb = lancedb

    def open(self, folder, dimension):
        self.database = self.lancedb.connect(str(folder))
        self.table = None
        if (folder / "labels.lance").exists():
            self.table = self.database.open_table("labels")

    def load(self, rows):
        self.table = self.database.create_table("labels", arrow_table(rows, 0))

    def index(self, threads):
        self.table.create_index(
            metric="dot",
            vector_column_name="z",
            index_type="IVF_HNSW_SQ",
            num_partitions=1,
            m=16,
            ef_construction=BUILD_WIDTH,
        )

    def one(self, query, limit, effort):
        search = self.table.search(query, vector_column_name="z").distance_type("dot")
        search = search.nprobes(1).ef(effort["ef"]).limit(limit).select(["id"])
        if "refine" in effort:
            search = search.refine_factor(effort["refine"])
        return search.to_arrow()["id"].to_numpy()

    def insert(self, number, row):
        self.table.add(arrow_table(row[None, :], number))

    def close(self):
        self.table = self.database = None


class DuckDb(Store):
    packages = ("duckdb", "duckdb-extension-vss", "pyarrow")
    efforts = [100, 150, 200, 300, 400, 600]
    durable = "a commit for each row; the index on disk is experimental"

    def __init__(self):
        import duckdb

        self.duckdb = duckdb
        package = pathlib.Path(importlib.util.find_spec("duckdb_extension_vss").origin).parent
        self.extension = next(package.rglob("vss.duckdb_extension"))

    def open(self, folder, dimension):
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = self.duckdb.connect(config={"allow_unsigned_extensions": "true"})
        # A file with such an index can only be attached when the extension is there.
        self.connection.execute(f"LOAD '{self.extension}'")
        self.connection.execute("SET hnsw_enable_experimental_persistence = true")
        self.connection.execute("SET threads = 1")
        self.connection.execute(f"ATTACH '{folder / 'labels.duckdb'}' AS labels")
        self.connection.execute("USE labels")
        self.effort = None

    def load(self, rows):
        dimension = rows.shape[1]
        self.connection.execute(f"CREATE TABLE labels (id INTEGER, z FLOAT[{dimension}])")
        # It reads Arrow's tables as they are.
        self.connection.register("given", arrow_table(rows, 0))
        self.connection.execute("INSERT INTO labels SELECT id, z FROM given")
        self.connection.unregister("given")

    def index(self, threads):
        self.connection.execute(f"SET threads = {threads}")
        self.connection.execute(
            "CREATE INDEX by_z ON labels USING HNSW (z) "
            f"WITH (metric = 'ip', ef_construction = {BUILD_WIDTH}, M = 16)"
        )
        self.connection.execute("CHECKPOINT")
        self.connection.execute("SET threads = 1")

    def set_effort(self, effort):
        if effort != self.effort:
            self.connection.execute(f"SET hnsw_ef_search = {effort}")
            self.effort = effort

    def one(self, query, limit, effort):
        # A literal: to bind a list of numbers takes it longer than the search.
        literal = f"{query.tolist()}::FLOAT[{len(query)}]"
        sql = f"SELECT id FROM labels ORDER BY array_negative_inner_product(z, {literal}) LIMIT {limit}"
        return [row[0] for row in self.connection.execute(sql).fetchall()]

    def insert(self, number, row):
        self.connection.execute(f"INSERT INTO labels VALUES ({number}, {row.tolist()}::FLOAT[{len(row)}])")

    def close(self):
        self.connection.close()


class QdrantEdge(Store):
    packages = ("qdrant-edge-py",)
    efforts = [100, 150, 200, 300, 400, 600, 800]
    durable = "flushed after each row"

    def __init__(self):
        import qdrant_edge

        self.edge = qdrant_edge

    def open(self, folder, dimension):
        edge = self.edge
        if (folder / "segments").exists():
            self.shard = edge.EdgeShard.load(str(folder))
            return
        folder.mkdir(parents=True, exist_ok=True)
        self.threads = 2
        graph = edge.HnswIndexConfig(16, BUILD_WIDTH, 1_000, self.threads)
        vectors = edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Dot, hnsw_config=graph)
        # One segment, so that one graph answers.
        optimizers = edge.EdgeOptimizersConfig(
            default_segment_number=1, indexing_threshold=1_000, max_segment_size=10_000_000
        )
        config = edge.EdgeConfig(vectors=vectors, optimizers=optimizers)
        self.shard = edge.EdgeShard.create(str(folder), config)

    def upsert(self, first, rows):
        points = [self.edge.Point(first + at, row) for at, row in enumerate(rows.tolist())]
        self.shard.update(self.edge.UpdateOperation.upsert_points(points))

    def load(self, rows):
        for first in range(0, len(rows), ROWS_AT_ONCE):
            self.upsert(first, rows[first : first + ROWS_AT_ONCE])

    def index(self, threads):
        self.shard.optimize()
        self.shard.flush()

    def one(self, query, limit, effort):
        request = self.edge.QueryRequest(
            limit=limit,
            query=self.edge.Query.Nearest(query.tolist()),
            with_vector=False,
            with_payload=False,
            params=self.edge.SearchParams(hnsw_ef=effort),
        )
        return [point.id for point in self.shard.query(request)]

    def insert(self, number, row):
        self.upsert(number, row[None, :])
        self.shard.flush()

    def close(self):
        self.shard.close()


class Zvec(Store):
    packages = ("zvec",)
    efforts = [100, 150, 200, 300, 400, 600]
    durable = "flushed after each row"

    def __init__(self):
        import zvec

        self.zvec = zvec
        zvec.init(log_level=zvec.LogLevel.ERROR)

    def open(self, folder, dimension):
        if folder.exists():
            self.collection = self.zvec.open(str(folder))
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        graph = self.zvec.HnswIndexParam(self.zvec.MetricType.IP, m=16, ef_construction=BUILD_WIDTH)
        column = self.zvec.VectorSchema("z", self.zvec.DataType.VECTOR_FP32, dimension, graph)
        schema = self.zvec.CollectionSchema("labels", vectors=column)
        self.collection = self.zvec.create_and_open(str(folder), schema)

    def add(self, first, rows):
        numbered = enumerate(rows.tolist(), first)
        self.collection.insert([self.zvec.Doc(str(id), vectors={"z": row}) for id, row in numbered])

    def load(self, rows):
        for first in range(0, len(rows), 1_000):
            self.add(first, rows[first : first + 1_000])

    def index(self, threads):
        self.collection.optimize()
        self.collection.flush()

    def one(self, query, limit, effort):
        how = self.zvec.HnswQueryParam(ef=effort)
        found = self.collection.query(self.zvec.Query("z", vector=query.tolist(), param=how), topk=limit)
        return [int(row.id) for row in found]

    def insert(self, number, row):
        self.add(number, row[None, :])
        self.collection.flush()

    def close(self):
        self.collection = None


STORES = {
    "sqlite-vec": SqliteVec,
    "lancedb": LanceDb,
    "duckdb-vss": DuckDb,
    "qdrant-edge": QdrantEdge,
    "zvec": Zvec,
}
