-- DESCRIBE: the columns of a table, the properties of other objects.

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT NOT NULL DEFAULT 'none', z VECTOR(3, F16), tags TEXT[]);

CREATE INDEX i ON t USING flat (z);

CREATE CLASSIFIER c ON t;

--@ columns
DESCRIBE t;
--: column | type | null | key | default | generated
--> id | BIGINT | false | true | NULL | NULL
--> title | TEXT | false | false | 'none' | NULL
--> z | VECTOR(3, F16) | true | false | NULL | NULL
--> tags | TEXT[] | true | false | NULL | NULL

DESCRIBE c;
--> name | c
--> table | t
--> dimension | 3
--> format | f32
--> link | cosine
--> bias | false

DESCRIBE i;
--> name | i
--> table | t
--> method | flat
--> target | z
--> options | ''
--> generation | 7
--> covered | 0
--> newer | 0

DESC t;
--> id | BIGINT | false | true | NULL | NULL
--> title | TEXT | false | false | 'none' | NULL
--> z | VECTOR(3, F16) | true | false | NULL | NULL
--> tags | TEXT[] | true | false | NULL | NULL

DESCRIBE tt;
--! error[Q0213]: there is no object `tt`
--!   1 | DESCRIBE tt
--!     |          ^^ help: did you mean `t`?
