-- ELIAS: end-to-end learning to index and search.
-- Gupta et al.: ELIAS: End-to-End Learning to Index and Search in Large Output Spaces. NeurIPS 2022.
--
-- Labels hang on clusters by a sparse graph of weighted edges. A search walks the best clusters (PROBE),
-- scores a label by its best path, cluster times edge (SHORTLIST), and weighs that by the label's
-- classifier (RERANK). Stage 1 learns clusters and classifiers over a balanced partition. Then each cluster
-- gets edges to the labels whose documents come to it, and stage 2 learns their weights, the clusters and
-- the classifiers together.
--
-- Trains on nine tenths of trn; tst is only evaluated. Edges start from how often documents came by (start
-- = 'approximate'); the paper starts them at random.
-- Prints one row of metrics over tst for each beam: 5, 10, 20 and 40 clusters.
-- Run it as README.md in this folder says.

CREATE MODEL minilm FROM '${models}/minilm-l3/model.onnx' TOKENIZER '${models}/minilm-l3/tokenizer.json'
  WITH (max_tokens = 64);
CREATE TABLE labels (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title))) STORED);
COPY labels (id, title) FROM '${data}/lbl.json.gz' (FORMAT xc);

CREATE CLASSIFIER ova ON labels WITH (link = 'sigmoid', init = 'z');
CREATE INDEX graph ON labels USING elias (z);
TRAIN INDEX graph
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (classifier = 'ova', stage = 'both', start = 'approximate');

CREATE PIPELINE elias ON labels AS
  ENCODE(minilm)
  THEN PROBE(graph, beam => 20) THEN SHORTLIST(limit => 2000) THEN RERANK(ova)
  SCORE BY shortlist.score * sigmoid(rerank.score);
ALTER TABLE labels SET DEFAULT PIPELINE elias;

EVALUATE PIPELINE elias (probe.beam => 5), PIPELINE elias (probe.beam => 10), PIPELINE elias,
    PIPELINE elias (probe.beam => 40)
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@1, P@3, P@5, PSP@5, R@100)
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
