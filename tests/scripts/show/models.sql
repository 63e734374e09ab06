-- A model shows what was found in its files.

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json' WITH (max_tokens = 32);

CREATE MODEL b FROM '${fixtures}/tiny_bert.onnx' TOKENIZER '${fixtures}/tokenizer.json' WITH (pooling = 'cls', normalize = false);

--@ columns
SHOW MODELS;

CREATE MODEL s FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE MODEL IF NOT EXISTS s FROM '${fixtures}/none.onnx';

CREATE MODEL x FROM '${fixtures}/none.onnx';

CREATE MODEL x FROM '${fixtures}/tokenizer.json';

CREATE MODEL x FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/README.md';

CREATE MODEL x FROM '${fixtures}/static64.onnx' WITH (pooling = 'max');

CREATE MODEL x FROM '${fixtures}/static64.onnx' WITH (device = 'tpu');

DROP MODEL b;

DROP MODEL b;
