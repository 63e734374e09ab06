-- A model shows what was found in its files.

--@ file words.json
--| {"version": "1.0", "added_tokens": [{"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
--|  "pre_tokenizer": {"type": "Whitespace"}, "model": {"type": "WordLevel", "vocab": {"[PAD]": 0, "[UNK]": 1, "red": 2, "shoe": 3}, "unk_token": "[UNK]"}}

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json' WITH (max_tokens = 32);

CREATE MODEL b FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${tmp}/words.json' WITH (pooling = 'cls', normalize = false);

--@ columns
SHOW MODELS;
--: name | dimension | pooling | normalize | max_tokens | output | device | provider | fingerprint
--> b | 32 | cls | false | 128 | last_hidden_state | cpu | cpu | 184d8ebf7dd9eafcaa3bc183c8dd17ebea09473f68b7abe80e10a65a9336223c
--> s | 64 | mean | true | 32 | sentence_embedding | cpu | cpu | 5a64196ef2a81196bb5df1b1b4df67d1b997a48202bbe7d14a2f4ad68f129081

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
