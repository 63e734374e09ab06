-- Parquet is written and read with its names, types and NULLs.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, ok BOOLEAN, at TIMESTAMP, words TEXT[], j JSON, z VECTOR(2));

INSERT INTO t VALUES
  (1, 'it''s', 0.1, TRUE, TIMESTAMP '2026-11-22 06:24:00.5', ['x', 'y'], '{"a": [1]}', [1, 0.5]),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, [0, 1]);

COPY t TO '${tmp}/out.parquet';

DESCRIBE SELECT * FROM read_parquet('${tmp}/out.parquet');

SELECT * FROM read_parquet('${tmp}/out.parquet');

SELECT id, words FROM read_parquet('${tmp}/out.parquet', columns => ['id TEXT', 'words TEXT[]', 'z VECTOR(2)']) ORDER BY id DESC;

CREATE TABLE u (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, ok BOOLEAN, at TIMESTAMP, words TEXT[], j JSON, z VECTOR(2));

COPY u FROM '${tmp}/out.parquet';

SELECT * FROM u;

CREATE TABLE v (key BIGINT PRIMARY KEY, title TEXT);

COPY v FROM '${tmp}/out.parquet' (FORMAT parquet, MAP (key = id, title = a));

SELECT * FROM v;

COPY (SELECT id FROM t) TO '${tmp}/parts/' (FORMAT parquet, ROWS_PER_FILE 1);

SELECT count(*), max(id) FROM read_parquet('${tmp}/parts/part-*.parquet');

SELECT * FROM read_parquet('${tmp}/out.parquet', columns => ['nothing TEXT']);

SELECT * FROM read_parquet('${tmp}/out.parquet', columns => ['a BIGINT']);

SELECT * FROM read_parquet('${tmp}/*.parquet', header => true);
