-- INTEGER and negative keys.

CREATE TABLE t (id INTEGER PRIMARY KEY, z VECTOR(1));

INSERT INTO t VALUES (5, [1]), (-5, [1]), (0, [1]), (-2147483648, [1]), (2147483647, [1]);
--= 5 changed

SELECT id FROM t;
--> -2147483648
--> -5
--> 0
--> 5
--> 2147483647

SELECT id FROM t SEARCH [1] LIMIT 3;
--> -2147483648
--> -5
--> 0

INSERT INTO t VALUES (2147483648, [1]);
--! error[Q0403]: 2147483648 cannot be read as INTEGER: give a whole number from -2147483648 to 2147483647
--!   1 | INSERT INTO t VALUES (2147483648, [1])
--!     |                       ^^^^^^^^^^
