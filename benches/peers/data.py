"""The vectors, the queries, and which answers are right."""

import gzip
import json

import numpy as np

# A label counts as found when its score is at least that of the last right answer, less this: labels with
# the same text have the same vector, and any of them is right.
TIE = 1e-6
QUERIES = 1_000
FRESH = 300


def titles(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["title"] for line in lines]


def spread(items, count):
    """`count` of the items, evenly spread over all of them; all where there are fewer."""
    if count >= len(items):
        return items
    return [items[at * len(items) // count] for at in range(count)]


class Data:
    """Files in `folder`, made once: labels.npy, queries.npy, fresh.npy (rows to insert), and right.npy."""

    def __init__(self, folder, source, rows, encode):
        self.folder = folder
        self.vectors, self.queries = folder / "labels.npy", folder / "queries.npy"
        self.fresh, right = folder / "fresh.npy", folder / "right.npy"
        if not right.exists():
            folder.mkdir(parents=True, exist_ok=True)
            labels = titles(source / "lbl.json.gz")
            encode(self.texts("labels", spread(labels, rows or len(labels))), self.vectors)
            encode(self.texts("queries", spread(titles(source / "tst.json.gz"), QUERIES)), self.queries)
            x, q = np.load(self.vectors), np.load(self.queries)
            noise = np.random.default_rng(0).standard_normal((FRESH, q.shape[1])) * 0.02
            fresh = q[np.arange(FRESH) % len(q)] + noise
            fresh /= np.linalg.norm(fresh, axis=1, keepdims=True)
            np.save(self.fresh, fresh.astype(np.float32))
            np.save(right, last_right(x, q))
        self.x, self.q = np.load(self.vectors), np.load(self.queries)
        self.last = np.load(right)
        self.rows, self.dimension = self.x.shape

    def texts(self, name, texts):
        path = self.folder / f"{name}.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            for number, text in enumerate(texts):
                file.write(json.dumps({"id": number, "title": text}) + "\n")
        return path

    def recall(self, found):
        """The mean part of the right answers among `found`, [queries, limit], -1 where there is none."""
        hits = 0
        for ids, query, last in zip(found, self.q, self.last):
            ids = np.unique(ids[ids >= 0])
            hits += int((scores(self.x, ids, query) >= last - TIE).sum())
        return hits / found.size


def scores(x, ids, query):
    return x[ids].astype(np.float64) @ query.astype(np.float64)


def last_right(x, q, limit=100, spare=28):
    """The score of the last of the best `limit` labels for each query."""
    last = np.empty(len(q))
    for first in range(0, len(q), 64):
        fast = q[first : first + 64] @ x.T
        # Some more than are wanted, since f32 may order the last ones wrongly.
        few = min(limit + spare, x.shape[0]) - 1
        best = np.argpartition(-fast, few, axis=1)[:, : few + 1]
        for at, ids in enumerate(best):
            exact = np.sort(scores(x, ids, q[first + at]))[::-1]
            last[first + at] = exact[min(limit, len(exact)) - 1]
    return last
