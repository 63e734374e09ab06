-- VIA ENCODE names the model; a text of another language needs an ENCODE first.

CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

INSERT INTO t (id, title) VALUES (1, 'red apple'), (2, 'green pear'), (3, 'fast car');

CREATE INDEX i ON t USING flat (z);

SELECT id FROM t SEARCH 'automobile' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);

SELECT id FROM t SEARCH 'automobile' VIA SHORTLIST(i, limit => 1);

-- The stage has no score.
SELECT encode.score FROM t SEARCH 'automobile' VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);

SELECT id FROM t SEARCH 'automobile' VIA ENCODE(m);

SELECT id FROM t SEARCH [1, 2] VIA ENCODE(m) THEN SHORTLIST(i, limit => 1);
