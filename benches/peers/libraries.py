"""Libraries that hold vectors and an index over them in memory.

A system has `efforts`, what its search can be told to spend, from least to most, and the methods that
`worker.py` calls. Scores are inner products; all vectors have length 1.
"""

import numpy as np

# How many candidates a graph search keeps, and how many lists an inverted file reads.
WIDTHS = [100, 120, 150, 200, 250, 300, 400, 600, 800, 1200]
LISTS = [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]
# Candidates that a graph keeps while it is built, and training vectors of a clustering.
BUILD_WIDTH = 200
TRAINING_ROWS = 65_536


def lists_of(rows):
    """Lists of an inverted file: a power of two, of the order of four roots of the rows."""
    return 1 << int(np.log2(4 * np.sqrt(rows)))


class Library:
    store = False
    packages = ()

    def many(self, queries, limit, effort, threads):
        raise NotImplementedError

    def one(self, query, limit, effort):
        raise NotImplementedError


class Faiss(Library):
    """An index by the text of faiss' factory."""

    packages = ("faiss-cpu",)

    def __init__(self, factory, efforts, refine=None):
        import faiss

        self.faiss, self.factory, self.efforts, self.refine = faiss, factory, efforts, refine

    def build(self, rows, threads):
        faiss = self.faiss
        faiss.omp_set_num_threads(threads)
        text = self.factory.format(lists=lists_of(len(rows)))
        self.index = faiss.index_factory(rows.shape[1], text, faiss.METRIC_INNER_PRODUCT)
        inner = faiss.downcast_index(self.index)
        if hasattr(inner, "hnsw"):
            inner.hnsw.efConstruction = BUILD_WIDTH
        if not self.index.is_trained:
            chosen = np.random.default_rng(0).permutation(len(rows))[:TRAINING_ROWS]
            self.index.train(rows[chosen])
        self.index.add(rows)
        faiss.omp_set_num_threads(1)

    def set_effort(self, effort):
        index = self.faiss.downcast_index(self.index)
        if self.refine:
            index.k_factor = self.refine
            index = self.faiss.downcast_index(index.base_index)
        if hasattr(index, "hnsw"):
            index.hnsw.efSearch = effort
        elif hasattr(index, "nprobe"):
            index.nprobe = effort

    def one(self, query, limit, effort):
        return self.index.search(query[None, :], limit)[1][0]

    def many(self, queries, limit, effort, threads):
        self.faiss.omp_set_num_threads(threads)
        found = self.index.search(queries, limit)[1]
        self.faiss.omp_set_num_threads(1)
        return found


class Hnswlib(Library):
    packages = ("hnswlib",)
    efforts = WIDTHS

    def __init__(self):
        import hnswlib

        self.hnswlib = hnswlib

    def build(self, rows, threads):
        self.index = self.hnswlib.Index("ip", rows.shape[1])
        self.index.init_index(len(rows), M=16, ef_construction=BUILD_WIDTH)
        self.index.add_items(rows, num_threads=threads)

    def set_effort(self, effort):
        self.index.set_ef(effort)

    def one(self, query, limit, effort):
        return self.index.knn_query(query, limit, num_threads=1)[0][0]

    def many(self, queries, limit, effort, threads):
        return self.index.knn_query(queries, limit, num_threads=threads)[0]


class Usearch(Library):
    packages = ("usearch",)
    efforts = WIDTHS

    def __init__(self):
        from usearch.index import Index

        self.kind = Index

    def build(self, rows, threads):
        self.index = self.kind(
            ndim=rows.shape[1], metric="ip", dtype="f32", connectivity=16, expansion_add=BUILD_WIDTH
        )
        self.index.add(np.arange(len(rows), dtype=np.uint64), rows, threads=threads)

    def set_effort(self, effort):
        self.index.expansion_search = effort

    def one(self, query, limit, effort):
        return self.index.search(query, limit, threads=1).keys

    def many(self, queries, limit, effort, threads):
        return self.index.search(queries, limit, threads=threads).keys


class Scann(Library):
    """A tree of lists, codes of two dimensions each, and exact scores of the best of them."""

    packages = ("scann",)
    efforts = LISTS
    reorder = 400

    def __init__(self):
        import scann

        self.scann = scann

    def build(self, rows, threads):
        # The leaves and the reordering are those that suit a hundred answers of a hundred thousand rows.
        builder = self.scann.scann_ops_pybind.builder(rows, 100, "dot_product")
        builder = builder.set_n_training_threads(threads)
        builder = builder.tree(
            num_leaves=lists_of(len(rows)) // 2, num_leaves_to_search=50, training_sample_size=TRAINING_ROWS
        )
        builder = builder.score_ah(2, anisotropic_quantization_threshold=0.2).reorder(self.reorder)
        self.index = builder.build()

    def set_effort(self, effort):
        pass

    def one(self, query, limit, effort):
        return self.index.search(
            query, limit, leaves_to_search=effort, pre_reorder_num_neighbors=self.reorder
        )[0]

    def many(self, queries, limit, effort, threads):
        self.index.set_num_threads(threads)
        return self.index.search_batched_parallel(
            queries, limit, leaves_to_search=effort, pre_reorder_num_neighbors=self.reorder
        )[0]


LIBRARIES = {
    "faiss-flat": lambda: Faiss("Flat", [0]),
    "faiss-hnsw32": lambda: Faiss("HNSW32,Flat", WIDTHS),
    "faiss-ivf-pq4fs": lambda: Faiss("IVF{lists},PQ192x4fs,RFlat", LISTS, refine=4),
    "hnswlib": Hnswlib,
    "usearch": Usearch,
    "scann": Scann,
}
