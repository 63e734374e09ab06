-- VECTORS puts a matrix beside a file: row i of the one belongs to row i of the other.

--@ file t.jsonl
--| {"id": 7, "title": "seven"}
--| {"id": 3, "title": "three"}
--| {"id": 5, "title": "five"}
--@ file z.npy
--| 1 0
--| 0 1
--| 0.5 0.5
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

COPY t (id, title, z) FROM '${tmp}/t.jsonl' (VECTORS '${tmp}/z.npy');
--= 3 changed

SELECT * FROM t;
--> 3 | three | [0.0, 1.0]
--> 5 | five | [0.5, 0.5]
--> 7 | seven | [1.0, 0.0]

SELECT id, title, score FROM t SEARCH [0, 1] LIMIT 2;
--> 3 | three | 1.0
--> 5 | five | 0.5

-- Which column it fills must be clear.
CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT, y VECTOR(2), z VECTOR(2));

COPY u (id, title) FROM '${tmp}/t.jsonl' (VECTORS '${tmp}/z.npy');
--! error[V0001]: table u has 2 vector columns of its own
--!   help: say which VECTORS fills: MAP (column = vector)

CREATE TABLE v (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(2));

COPY v (id, title) FROM '${tmp}/t.jsonl' (VECTORS '${tmp}/z.npy', MAP (z = vector));
--= 3 changed

SELECT * FROM v LIMIT 1;
--> 3 | three | [0.0, 1.0]

--@ file short.npy
--| 1 0
--| 0 1
COPY t FROM '${tmp}/t.jsonl' (VECTORS '${tmp}/short.npy');
--! error[F0001]: `${tmp}/short.npy`: 2 rows of vectors, but the file beside it has more; give one vector for each row, in the same order

--@ file long.npy
--| 1 0
--| 0 1
--| 1 1
--| 2 1
DELETE FROM t;
--= 3 changed

COPY t FROM '${tmp}/t.jsonl' (VECTORS '${tmp}/long.npy');
--! error[F0001]: `${tmp}/long.npy`: 4 rows of vectors, but the file beside it has 3; give one vector for each row, in the same order

COPY t FROM '${tmp}/t.jsonl' (VECTORS '${tmp}/z.npy');
--= 3 changed

DELETE FROM t;
--= 3 changed

-- All or nothing.
SELECT count(*) FROM t;
--> 0

COPY t FROM '${tmp}/t.jsonl' (VECTORS 3);
--! error[V0001]: VECTORS cannot be 3
--!   help: write VECTORS 'file.npy'

--@ file own.jsonl
--| {"id": 7, "z": [1, 2]}
COPY t FROM '${tmp}/own.jsonl' (VECTORS '${tmp}/z.npy');
--! error[F0001]: `${tmp}/z.npy`: the file beside it has a column `z` already; leave VECTORS out, or rename the column
