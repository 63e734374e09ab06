-- A pattern reads all its files in the order of their names.

--@ file part-1.csv
--| id
--| 1
--@ file part-2.csv
--| id
--| 2
CREATE TABLE t (id BIGINT PRIMARY KEY);

COPY t FROM '${tmp}/part-*.csv';

SELECT id FROM t;

SELECT id FROM read_csv('${tmp}/part-*.csv') ORDER BY id DESC;

SELECT id FROM read_csv('${tmp}/none-*.csv');
