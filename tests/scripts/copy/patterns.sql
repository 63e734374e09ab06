-- A pattern reads all its files in the order of their names.

--@ file part-1.csv
--| id
--| 1
--@ file part-2.csv
--| id
--| 2
CREATE TABLE t (id BIGINT PRIMARY KEY);

COPY t FROM '${tmp}/part-*.csv';
--= 2 changed

SELECT id FROM t;
--> 1
--> 2

SELECT id FROM read_csv('${tmp}/part-*.csv') ORDER BY id DESC;
--> 2
--> 1

SELECT id FROM read_csv('${tmp}/none-*.csv');
--! error[Q0320]: no file matches `${tmp}/none-*.csv`: check the folder and the pattern
