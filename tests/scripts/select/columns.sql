-- Names of output columns: aliases, columns, and the text of other expressions.

CREATE TABLE t (id BIGINT PRIMARY KEY, "Odd Name" TEXT);

INSERT INTO t VALUES (1, 'x');
--= 1 changed

--@ columns
SELECT id, id AS number, id + 1, upper("Odd Name"), t.id FROM t;
--: id | number | id + 1 | upper("Odd Name") | id
--> 1 | 1 | 2 | X | 1

--@ columns
SELECT * FROM t;
--: id | Odd Name
--> 1 | x

--@ columns
SELECT a.*, a.id AS again FROM t AS a;
--: id | Odd Name | again
--> 1 | x | 1

--@ columns
SELECT * FROM VALUES (1, 'a') AS v (n);
--: n | column2
--> 1 | a

-- Names fold to lower case unless quoted.
--@ columns
SELECT ID FROM T;
--: id
--> 1
