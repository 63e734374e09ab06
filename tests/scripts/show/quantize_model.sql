-- A model in 8 bits out of one in f32 that is there: the same as CREATE MODEL makes of its files.

--@ file words.json
--| {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
--|  "model": {"type": "WordLevel", "vocab": {"[UNK]": 0, "cat": 1, "dog": 2, "ant": 3, "small": 4, "animal": 5}, "unk_token": "[UNK]"}}

CREATE MODEL m FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (max_tokens = 16);

QUANTIZE MODEL m AS m8;

CREATE MODEL c8 FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (max_tokens = 16, dtype = 'int8');

QUANTIZE MODEL m AS m16 WITH (dtype = 'f16');

CREATE MODEL c16 FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (max_tokens = 16, dtype = 'f16');

SHOW MODELS;
--> c16 | 32 | mean | true | 16 | last_hidden_state | f16 | cpu | cpu | c2d7c7b72b8e3ffd01b9ed26eb78149972cb63ec2c8821cbeb0cd079cf80d84a
--> c8 | 32 | mean | true | 16 | last_hidden_state | int8 | cpu | cpu | 4e4c63e6c5e97c7ae7f37190042207a1bf164640922b733e1bfcbb67c6771aef
--> m | 32 | mean | true | 16 | last_hidden_state | f32 | cpu | cpu | 611a21495db7ae1fc208f5e86fd6efbde18ea13f07927146433c56642a380520
--> m16 | 32 | mean | true | 16 | last_hidden_state | f16 | cpu | cpu | c2d7c7b72b8e3ffd01b9ed26eb78149972cb63ec2c8821cbeb0cd079cf80d84a
--> m8 | 32 | mean | true | 16 | last_hidden_state | int8 | cpu | cpu | 4e4c63e6c5e97c7ae7f37190042207a1bf164640922b733e1bfcbb67c6771aef

-- Both models over the same rows, which m made. Texts are encoded in f32 and in 8 bits.
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'cat'), (2, 'dog'), (3, 'small animal'), (4, 'ant');
--= 4 changed

CREATE INDEX i ON t USING flat (z);

CREATE PIPELINE p ON t AS ENCODE(m) THEN SHORTLIST(i, limit => 4);

CREATE PIPELINE p8 ON t AS ENCODE(m8) THEN SHORTLIST(i, limit => 4);

CREATE PIPELINE p16 ON t AS ENCODE(m16) THEN SHORTLIST(i, limit => 4);

EVALUATE PIPELINE p16 FROM (SELECT title AS text, [id] AS labels FROM t) METRICS (P@1, ENCODE_COSINE) WITH (digits = 2);
--> PIPELINE p16 | 4 | 100.0 | 100.0
--# PIPELINE p16: # queries/s in blocks, 4 points

EVALUATE PIPELINE p, PIPELINE p8, EXACT ON t FROM (SELECT title AS text, [id] AS labels FROM t)
METRICS (P@1, ENCODE_COSINE) WITH (digits = 0);
--> PIPELINE p | 4 | 100.0 | 100.0
--> PIPELINE p8 | 4 | 100.0 | 100.0
--> EXACT ON t | 4 | 100.0 | 100.0
--# PIPELINE p: # queries/s in blocks, 4 points
--# PIPELINE p8: # queries/s in blocks, 4 points
--# EXACT ON t: # queries/s in blocks, 4 points

EVALUATE PIPELINE p8 FROM (SELECT title AS text FROM t) METRICS (ENCODE_COSINE@5);
--! error[Q0116]: metric `ENCODE_COSINE` has no cut
--!   1 | ...e AS text FROM t) METRICS (ENCODE_COSINE@5)
--!     |                                            ^ help: write ENCODE_COSINE alone

EVALUATE (SELECT id FROM t SEARCH (VECTOR => z) VIA SHORTLIST(i, limit => 4)) FROM (SELECT title AS text, z FROM t)
METRICS (ENCODE_COSINE);
--! error[V0001]: (SELECT id FROM t SEARCH (VECTOR => z) VIA SHORTLIST(i, limit => 4)) encodes no texts, so that it has no ENCODE_COSINE
--!   help: give its SEARCH a text and ENCODE(model), or leave ENCODE_COSINE out

EXPLAIN QUANTIZE MODEL m AS n WITH (dtype = 'f16');
--> QuantizeModel m as n in f16

EXPLAIN QUANTIZE MODEL m AS n WITH (calibration = (SELECT title FROM t WHERE id < 3), min_cosine = 0.9);
--> QuantizeModel m as n
-->   Calibration at least 0.9
-->     Project title
-->       Scan t where id < 3 columns (id, title)

-- What it refuses.
QUANTIZE MODEL n AS n8;
--! error[Q0202]: unknown model `n`
--!   1 | QUANTIZE MODEL n AS n8
--!     |                ^ help: known: `c16`, `c8`, `m`, `m16`, `m8`

QUANTIZE MODEL m AS m8;
--! error[Q0214]: model `m8` exists already
--!   1 | QUANTIZE MODEL m AS m8
--!     |                     ^^ help: choose another name, or DROP MODEL m8 first

QUANTIZE MODEL m8 AS m88;
--! error[Q0301]: model `m8` computes in 8 bits already
--!   1 | QUANTIZE MODEL m8 AS m88
--!     |                ^^ help: name a model whose dtype is f32; SHOW MODELS tells it

QUANTIZE MODEL m16 AS m88;
--! error[Q0301]: model `m16` computes in f16 already
--!   1 | QUANTIZE MODEL m16 AS m88
--!     |                ^^^ help: name a model whose dtype is f32; SHOW MODELS tells it

QUANTIZE MODEL m AS n WITH (dtype = 'f32');
--! error[Q0313]: dtype cannot be 'f32'
--!   1 | QUANTIZE MODEL m AS n WITH (dtype = 'f32')
--!     |                             ^^^^^ help: it takes 'int8', for processors, or 'f16', for CUDA devices

QUANTIZE MODEL m AS n WITH (pooling = 'cls');
--! error[Q0211]: QUANTIZE MODEL has no option `pooling`
--!   1 | QUANTIZE MODEL m AS n WITH (pooling = 'cls')
--!     |                             ^^^^^^^ help: it knows calibration, dtype, min_cosine

QUANTIZE MODEL m AS n WITH (min_cosine = 0.9);
--! error[Q0313]: min_cosine = 0.9 without texts to measure the cosine on
--!   1 | QUANTIZE MODEL m AS n WITH (min_cosine = 0.9)
--!     |                             ^^^^^^^^^^ help: add calibration = (SELECT text FROM ...)

QUANTIZE MODEL m AS n WITH (calibration = (SELECT title FROM t), min_cosine = 2);
--! error[Q0313]: min_cosine cannot be 2
--!   1 | ...H (calibration = (SELECT title FROM t), min_cosine = 2)
--!     |                                            ^^^^^^^^^^ help: it takes a number above 0 and at most 1, as 0.99

QUANTIZE MODEL m AS n WITH (calibration = (SELECT id FROM t));
--! error[Q0301]: the query of calibration must have one column of TEXT, not a column of BIGINT
--!   1 | ...NTIZE MODEL m AS n WITH (calibration = (SELECT id FROM t))
--!     |                                            ^^^^^^^^^^^^^^^^ help: write calibration = (SELECT text FROM ...)

QUANTIZE MODEL m AS n WITH (calibration = (SELECT title FROM t WHERE id > 9));
--! error[V0001]: the query of calibration gave no texts
--!   help: select some, or leave calibration out

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

QUANTIZE MODEL s AS s16 WITH (dtype = 'f16');
--! error[M0001]: the model has no product with a fixed f32 matrix (MatMul), so that dtype 'f16' cannot be used; keep the model in f32, or export it without quantisation and in f32

QUANTIZE MODEL s AS s8;
--! error[M0001]: the model has no product with a fixed f32 matrix (MatMul), so that dtype 'int8' cannot be used; keep the model in f32, or export it without quantisation and in f32

EXPLAIN ANALYZE QUANTIZE MODEL m AS n;
--! error[V0001]: EXPLAIN ANALYZE runs queries and EVALUATE only
--!   help: leave ANALYZE out, or run the statement itself

-- What was quantised stays when the model that it was made of goes.
DROP TABLE t;

DROP MODEL m;

CREATE TABLE t8 (id BIGINT PRIMARY KEY, title TEXT,
                 z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(m8, title))) STORED);

INSERT INTO t8 (id, title) VALUES (1, 'cat'), (2, 'small animal');
--= 2 changed

SELECT id FROM t8 SEARCH 'small animal' VIA EXACT LIMIT 1;
--> 2
