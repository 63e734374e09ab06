-- A model shows what was found in its files.

--@ file words.json
--| {"version": "1.0", "added_tokens": [{"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
--|  "pre_tokenizer": {"type": "Whitespace"}, "model": {"type": "WordLevel", "vocab": {"[PAD]": 0, "[UNK]": 1, "red": 2, "shoe": 3}, "unk_token": "[UNK]"}}

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json' WITH (max_tokens = 32);

CREATE MODEL b FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (pooling = 'cls', normalize = false);

--@ columns
SHOW MODELS;
--: name | dimension | pooling | normalize | max_tokens | output | dtype | device | provider | fingerprint
--> b | 32 | cls | false | 128 | last_hidden_state | f32 | cpu | cpu | 184d8ebf7dd9eafcaa3bc183c8dd17ebea09473f68b7abe80e10a65a9336223c
--> s | 64 | mean | true | 32 | sentence_embedding | f32 | cpu | cpu | 5a64196ef2a81196bb5df1b1b4df67d1b997a48202bbe7d14a2f4ad68f129081

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';
--! error[Q0214]: model `s` exists already
--!   help: DROP MODEL s first, or add IF NOT EXISTS

CREATE MODEL IF NOT EXISTS s FROM '${fixtures}/none.onnx';

CREATE MODEL x FROM '${fixtures}/none.onnx';
--! error[F0001]: cannot open `${fixtures}/none.onnx`: No such file or directory (os error 2)

CREATE MODEL x FROM '${fixtures}/tokenizer.json';
--! error[M0001]: the model file is not a whole ONNX model: there is no such kind of field at byte 0; export or copy it again

CREATE MODEL x FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/README.md';
--! error[M0001]: the tokenizer file is not usable: expected value at line 1 column 1; give the tokenizer.json that belongs to the model

CREATE MODEL x FROM '${fixtures}/static64.onnx' WITH (pooling = 'max');
--! error[V0001]: option pooling of CREATE MODEL cannot be max
--!   help: it takes one of mean, cls, none

CREATE MODEL x FROM '${fixtures}/static64.onnx' WITH (device = 'tpu');
--! error[V0001]: unknown device 'tpu'
--!   help: write 'cpu', 'cuda', 'cuda:N' or 'auto'

DROP MODEL b;

DROP MODEL b;
--! error[Q0202]: unknown model `b`
--!   1 | DROP MODEL b
--!     |            ^ help: known: `s`

-- Linear layers in 8 bits: another model, which says so; only where there are such layers, and on the processor.
CREATE MODEL b8 FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (dtype = 'int8');

SHOW MODELS;
--> b8 | 32 | mean | true | 128 | last_hidden_state | int8 | cpu | cpu | 59ebe3138a9bf5cd946293e52cceeffaf2f36db19f877c4e655c5f06833d3942
--> s | 64 | mean | true | 32 | sentence_embedding | f32 | cpu | cpu | 5a64196ef2a81196bb5df1b1b4df67d1b997a48202bbe7d14a2f4ad68f129081

CREATE TABLE t8 (id BIGINT PRIMARY KEY, title TEXT,
                 z VECTOR(32) GENERATED ALWAYS AS (normalize(encode(b8, title))) STORED);

INSERT INTO t8 (id, title) VALUES (1, 'w3 w4'), (2, 'w5'), (3, 'w9 w10 w11');
--= 3 changed

SELECT id FROM t8 SEARCH 'w9 w10 w11' VIA EXACT LIMIT 1;
--> 3

CREATE MODEL x FROM '${fixtures}/static64.onnx' WITH (dtype = 'int8');
--! error[M0001]: the model has no product with a fixed f32 matrix (MatMul), so that dtype 'int8' cannot be used; keep the model in f32, or export it without quantisation and in f32

CREATE MODEL x FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (dtype = 'int8', device = 'cuda');
--! error[M0001]: dtype 'int8' runs on the processor, not on cuda:0; set device => 'cpu', or leave dtype out

CREATE MODEL x FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (dtype = 'int4');
--! error[V0001]: option dtype of CREATE MODEL cannot be int4
--!   help: it takes one of f32, int8, f16
