-- A matrix fills a column of vectors; its row number is the key.

--@ file z.npy
--| 1 0
--| 0 1
--| 0.5 0.5
CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(2));

COPY t (id, z) FROM '${tmp}/z.npy';

SELECT * FROM t;

SELECT id, score FROM t SEARCH [0, 1] LIMIT 2;

--@ columns
SELECT * FROM read_npy('${tmp}/z.npy');

CREATE TABLE u (id BIGINT PRIMARY KEY, z VECTOR(3));

COPY u (id, z) FROM '${tmp}/z.npy';

SELECT count(*) FROM u;
