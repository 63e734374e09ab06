-- A model that made a column cannot be dropped or replaced.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (encode(m, title)) STORED);

DROP MODEL m;
--! error[V0001]: model m is used by table t
--!   help: drop table t first

CREATE OR REPLACE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';
--! error[V0001]: model m made column z of table t
--!   help: create the new model under another name

DESCRIBE t;
--> id | BIGINT | false | true | NULL | NULL
--> title | TEXT | true | false | NULL | NULL
--> z | VECTOR(64) | true | false | NULL | encode(m, title)

DROP TABLE t;

DROP MODEL m;

SHOW MODELS;
--= no rows
