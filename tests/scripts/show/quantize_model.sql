-- A model in 8 bits out of one in f32 that is there: the same as CREATE MODEL makes of its files.

--@ file words.json
--| {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
--|  "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "cat": 1, "dog": 2, "ant": 3, "small": 4, "animal": 5}, "unk_token": "[UNK]"}}

CREATE MODEL m FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (max_tokens = 16);

QUANTIZE MODEL m AS m8;

CREATE MODEL c8 FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (max_tokens = 16, dtype = 'int8');

SHOW MODELS;

-- Both models over the same rows, which m made. Texts are encoded in f32 and in 8 bits.
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'cat'), (2, 'dog'), (3, 'small animal'), (4, 'ant');

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 4);

CREATE PIPELINE p8 ON t AS ENCODE(m8) THEN SHORTLIST(i, limit => 4);

EVALUATE PIPELINE p, PIPELINE p8, EXACT ON t FROM (SELECT title AS text, [id] AS labels FROM t)
METRICS (P@1, ENCODE_COSINE) WITH (digits = 0);

EVALUATE PIPELINE p8 FROM (SELECT title AS text FROM t) METRICS (ENCODE_COSINE@5);

EVALUATE (SELECT id FROM t SEARCH (VECTOR => z) VIA SHORTLIST(i, limit => 4)) FROM (SELECT title AS text, z FROM t)
METRICS (ENCODE_COSINE);

EXPLAIN QUANTIZE MODEL m AS n WITH (calibration = (SELECT title FROM t WHERE id < 3), min_cosine = 0.9);

-- What it refuses.
QUANTIZE MODEL n AS n8;

QUANTIZE MODEL m AS m8;

QUANTIZE MODEL m8 AS m88;

QUANTIZE MODEL m AS n WITH (pooling = 'cls');

QUANTIZE MODEL m AS n WITH (min_cosine = 0.9);

QUANTIZE MODEL m AS n WITH (calibration = (SELECT title FROM t), min_cosine = 2);

QUANTIZE MODEL m AS n WITH (calibration = (SELECT id FROM t));

QUANTIZE MODEL m AS n WITH (calibration = (SELECT title FROM t WHERE id > 9));

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

QUANTIZE MODEL s AS s8;

EXPLAIN ANALYZE QUANTIZE MODEL m AS n;

-- What was quantised stays when the model that it was made of goes.
DROP PIPELINE p;

DROP INDEX i;

DROP TABLE t;

DROP MODEL m;

CREATE TABLE t8 (id BIGINT PRIMARY KEY, title TEXT,
                 z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m8, title))) STORED);

INSERT INTO t8 (id, title) VALUES (1, 'cat'), (2, 'small animal');

SELECT id FROM t8 SEARCH 'small animal' VIA EXACT LIMIT 1;
