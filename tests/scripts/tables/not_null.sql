-- NOT NULL columns refuse NULL, whether written or left out; the primary key is one of them.

CREATE TABLE t (id BIGINT PRIMARY KEY, s TEXT NOT NULL);

INSERT INTO t VALUES (1, NULL);
--! error[Q0317]: column `s` is NOT NULL
--!   1 | INSERT INTO t VALUES (1, NULL)
--!     |                          ^^^^ help: give it a value

INSERT INTO t (id) VALUES (1);
--! error[Q0317]: column `s` is NOT NULL and gets no value
--!   1 | INSERT INTO t (id) VALUES (1)
--!     |             ^ help: name `s` in the column list and give a value

INSERT INTO t VALUES (NULL, 'a');
--! error[Q0317]: column `id` is NOT NULL
--!   1 | INSERT INTO t VALUES (NULL, 'a')
--!     |                       ^^^^ help: give it a value

INSERT INTO t (s) VALUES ('a');
--! error[Q0317]: column `id` is NOT NULL and gets no value
--!   1 | INSERT INTO t (s) VALUES ('a')
--!     |             ^ help: name `id` in the column list and give a value

INSERT INTO t VALUES (1, 'a');
--= 1 changed

UPDATE t SET s = NULL;
--! error[Q0317]: column `s` is NOT NULL
--!   1 | UPDATE t SET s = NULL
--!     |                  ^^^^ help: give it a value

UPDATE t SET s = nullif(s, 'a');
--! error[V0001]: column `s` of table t is NULL
--!   help: it is NOT NULL: give it a value

SELECT * FROM t;
--> 1 | a
