-- Parquet is written and read with its names, types and NULLs.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, ok BOOLEAN, at TIMESTAMP, words TEXT[], j JSON, z VECTOR(2));

INSERT INTO t VALUES
  (1, 'it''s', 0.1, TRUE, TIMESTAMP '2026-11-22 06:24:00.5', ['x', 'y'], '{"a": [1]}', [1, 0.5]),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, [0, 1]);
--= 2 changed

COPY t TO '${tmp}/out.parquet';
--= 2 changed

--@ columns
SELECT * FROM read_parquet('${tmp}/out.parquet');
--: id | a | d | ok | at | words | j | z
--> 1 | it's | 0.1 | true | 2026-11-22 06:24:00.500000 | [x, y] | {"a":[1]} | [1.0, 0.5]
--> 2 | NULL | NULL | NULL | NULL | NULL | NULL | [0.0, 1.0]

SELECT id, words FROM read_parquet('${tmp}/out.parquet', columns => ['id TEXT', 'words TEXT[]', 'z VECTOR(2)']) ORDER BY id DESC;
--> 2 | NULL
--> 1 | [x, y]

CREATE TABLE u (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, ok BOOLEAN, at TIMESTAMP, words TEXT[], j JSON, z VECTOR(2));

COPY u FROM '${tmp}/out.parquet';
--= 2 changed

SELECT * FROM u;
--> 1 | it's | 0.1 | true | 2026-11-22 06:24:00.500000 | [x, y] | {"a":[1]} | [1.0, 0.5]
--> 2 | NULL | NULL | NULL | NULL | NULL | NULL | [0.0, 1.0]

CREATE TABLE v (key BIGINT PRIMARY KEY, title TEXT);

COPY v FROM '${tmp}/out.parquet' (FORMAT parquet, MAP (key = id, title = a));
--= 2 changed

SELECT * FROM v;
--> 1 | it's
--> 2 | NULL

COPY (SELECT id FROM t) TO '${tmp}/parts/' (FORMAT parquet, ROWS_PER_FILE 1);
--= 2 changed

SELECT count(*), max(id) FROM read_parquet('${tmp}/parts/part-*.parquet');
--> 2 | 2

SELECT * FROM read_parquet('${tmp}/out.parquet', columns => ['nothing TEXT']);
--! error[Q0320]: `${tmp}/out.parquet`: no column `nothing`; its columns are id, a, d, ok, at, words, j, z

SELECT * FROM read_parquet('${tmp}/out.parquet', columns => ['a BIGINT']);
--! error[F0001]: `${tmp}/out.parquet`, row 0, column `a`: it's does not fit BIGINT; correct it, or give the column another type in columns => [...]

SELECT * FROM read_parquet('${tmp}/*.parquet', header => true);
--! error[Q0320]: read_parquet: option `header` is unknown; known are columns

-- Lists within lists are written as JSON.
COPY (SELECT 1 AS id, [[1, 2], [3]] AS a) TO '${tmp}/lists.parquet';
--= 1 changed

SELECT * FROM read_parquet('${tmp}/lists.parquet');
--> 1 | [[1,2], [3]]
