-- The encoder is stored in the database: file and tokenizer are checked, hashed and never looked up again.
CREATE MODEL minilm FROM '${models}/minilm-l3/model.onnx' TOKENIZER '${models}/minilm-l3/tokenizer.json'
  WITH (max_tokens = 64);

-- z is computed from the title by the model, so that text and embedding can never disagree.
CREATE TABLE concepts (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title))) STORED);

-- An XC repository label file: the row number is the label's id.
COPY concepts (id, title) FROM '${data}/lbl.json.gz' (FORMAT xc);

CREATE INDEX concepts_ann ON concepts USING ann (z);
CREATE INDEX concepts_elias ON concepts USING elias (z);
CREATE INDEX concepts_words ON concepts USING fts (title);
CREATE CLASSIFIER concepts_ova ON concepts;

CREATE PIPELINE ann ON concepts AS
  ENCODE(minilm) THEN SHORTLIST(concepts_ann, limit => 200);
CREATE PIPELINE tree ON concepts AS
  ENCODE(minilm) THEN PROBE(concepts_elias, beam => 40) THEN SHORTLIST(limit => 4000)
  THEN RERANK(concepts_ova, limit => 200);
-- Words alone, and words and vectors together.
CREATE PIPELINE words ON concepts AS MATCH(title, limit => 200);
CREATE PIPELINE hybrid ON concepts AS
  FUSE RRF (MATCH(title, limit => 200) AS lex, ENCODE(minilm) THEN SHORTLIST(concepts_ann, limit => 200) AS dense);
ALTER TABLE concepts SET DEFAULT PIPELINE tree;

SHOW TABLES;
SHOW INDEXES;
