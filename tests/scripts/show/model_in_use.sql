-- A model that made a column cannot be dropped or replaced.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (encode(m, title)) STORED);

DROP MODEL m;

CREATE OR REPLACE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

DESCRIBE t;

DROP TABLE t;

DROP MODEL m;

SHOW MODELS;
