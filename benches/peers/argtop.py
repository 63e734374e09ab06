"""What argtop is measured with: statements for its program (`main.rs`), and how the table names them.

`{effort}` in a search stands for what it is told to spend: a number, or a part of the statement. A system
without efforts has [0].
"""

import libraries

LIMIT = 100


def search(stage):
    return f"SELECT id, score FROM labels SEARCH (VECTOR => $1) VIA {stage} LIMIT {LIMIT}"


def batch(stage):
    return (
        "SELECT q.id AS query, r.id, r.score FROM queries AS q CROSS JOIN LATERAL "
        f"(SELECT id, score FROM labels SEARCH (VECTOR => q.z) VIA {stage} LIMIT {LIMIT}) AS r"
    )


def system(index, stage, efforts):
    return {"index": index, "search": search(stage), "batch": batch(stage), "efforts": efforts}


SYSTEMS = {
    "argtop-ann": system(
        "CREATE INDEX i ON labels USING ann (z) WITH (target_recall = 0.95)",
        f"SHORTLIST(i, limit => {LIMIT}{{effort}})",
        # Last as the index tunes itself for the recall that it is built for.
        [*(f", effort => {lists}" for lists in libraries.LISTS), ""],
    ),
    "argtop-hnsw32": system(
        "CREATE INDEX i ON labels USING faiss (z) WITH (factory = 'HNSW32')",
        f"SHORTLIST(i, limit => {LIMIT}, effort => {{effort}})",
        libraries.WIDTHS,
    ),
    "argtop-flat": system(
        "CREATE INDEX i ON labels USING flat (z)", f"SHORTLIST(i, limit => {LIMIT})", [0]
    ),
}
# Systems that stand beside every other, in turns: the first of them that this version has.
REFERENCES = ["argtop-ann", "argtop-hnsw32"]
