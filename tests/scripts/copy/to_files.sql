-- COPY TO writes what a query gives; reading it back gives the same rows.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, words TEXT[], z VECTOR(2));

INSERT INTO t VALUES (1, 'it''s "quoted", yes', 0.1, ['x', 'y'], [1, 0.5]), (2, NULL, NULL, NULL, [0, 1]);

--@ show out.jsonl
COPY t TO '${tmp}/out.jsonl';

--@ show out.csv
COPY (SELECT id, a, d FROM t ORDER BY id DESC) TO '${tmp}/out.csv';

--@ show named.txt
COPY t (id, d) TO '${tmp}/named.txt' (FORMAT csv);

CREATE TABLE u (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, words TEXT[], z VECTOR(2));

COPY u FROM '${tmp}/out.jsonl';

SELECT * FROM u;

--@ show ranked.jsonl
COPY (SELECT id, score FROM t SEARCH [1, 0]) TO '${tmp}/ranked.jsonl';

COPY t TO '${tmp}/out.parquet';

COPY t TO '${tmp}/nowhere/out.csv';

COPY (SELECT id, id FROM t) TO '${tmp}/twice.jsonl';

COPY (SELECT id FROM t WHERE 1 / (id - 2) = 5) TO '${tmp}/failed.csv';

SELECT * FROM read_csv('${tmp}/failed.csv');
