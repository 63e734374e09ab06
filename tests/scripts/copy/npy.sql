-- A matrix fills a column of vectors; its row number is the key.

--@ file z.npy
--| 1 0
--| 0 1
--| 0.5 0.5
CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

COPY t (id, z) FROM '${tmp}/z.npy';
--= 3 changed

SELECT * FROM t;
--> 0 | [1.0, 0.0]
--> 1 | [0.0, 1.0]
--> 2 | [0.5, 0.5]

SELECT id, score FROM t SEARCH [0, 1] LIMIT 2;
--> 1 | 1.0
--> 2 | 0.5

--@ columns
SELECT * FROM read_npy('${tmp}/z.npy');
--: row | vector
--> 0 | [1.0, 0.0]
--> 1 | [0.0, 1.0]
--> 2 | [0.5, 0.5]

CREATE TABLE u (id BIGINT PRIMARY KEY, z VECTOR(3));

COPY u (id, z) FROM '${tmp}/z.npy';
--! error[V0001]: CAST('[1.0, 0.0]' AS VECTOR(2)) cannot be read as VECTOR(3): it has 2 elements, give 3

SELECT count(*) FROM u;
--> 0
