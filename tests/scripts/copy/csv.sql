-- COPY from CSV: quotes, empty fields, other delimiters.

--@ file rows.csv
--| id,title,price
--| 1,"red, ""big"" shoe",20.5
--| 2,,3
--| 3,"two
--| lines",
--@ file semi.csv
--| 7;plain;1
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE);

COPY t FROM '${tmp}/rows.csv';
--= 3 changed

COPY t FROM '${tmp}/semi.csv' (FORMAT csv, DELIMITER ';', HEADER false, COLUMNS 'id BIGINT, title TEXT, price DOUBLE');
--= 1 changed

SELECT id, title, title IS NULL, price FROM t;
--> 1 | red, "big" shoe | false | 20.5
--> 2 | '' | false | 3.0
--> 3 | two\nlines | false | NULL
--> 7 | plain | false | 1.0

--@ columns
SELECT * FROM read_csv('${tmp}/rows.csv') AS r WHERE r.id < 3;
--: id | title | price
--> 1 | red, "big" shoe | 20.5
--> 2 | '' | 3.0
