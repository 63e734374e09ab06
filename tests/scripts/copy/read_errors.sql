-- What the read functions say about files and arguments.

--@ file odd.xyz
--| text
SELECT * FROM read_csv('${tmp}/none.csv');

SELECT * FROM read_csv();

SELECT * FROM read_csv('a.csv', 'b.csv');

SELECT * FROM read_csv('${tmp}/odd.xyz', delimiter => ';;');

SELECT * FROM read_parquet('a.parquet');

SELECT * FROM read_cvs('a.csv');

CREATE TABLE t (id BIGINT PRIMARY KEY);

COPY t FROM '${tmp}/odd.xyz';

COPY t FROM '${tmp}/odd.xyz' (FORMAT excel);

COPY t FROM STDIN;
