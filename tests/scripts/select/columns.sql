-- Names of output columns: aliases, columns, and the text of other expressions.

CREATE TABLE t (id BIGINT PRIMARY KEY, "Odd Name" TEXT);

INSERT INTO t VALUES (1, 'x');

--@ columns
SELECT id, id AS number, id + 1, upper("Odd Name"), t.id FROM t;

--@ columns
SELECT * FROM t;

--@ columns
SELECT a.*, a.id AS again FROM t AS a;

--@ columns
SELECT * FROM VALUES (1, 'a') AS v (n);

-- Names fold to lower case unless quoted.
--@ columns
SELECT ID FROM T;
