-- ELIAS with LEVER: the cluster graph and its classifiers learn the targets that a teacher adds.
-- elias.sql and lever.sql say what each of them is, and name the papers.
--
-- Trains two graphs with their classifiers on nine tenths of trn, alike but for LEVER; tst is only
-- evaluated.
-- Prints two rows of metrics over tst, then P@5, PSP@5, R@100 and coverage by decile of labels: 1 has the
-- labels that are rarest in trn, 10 the most frequent.
-- Run it as README.md in this folder says.

CREATE MODEL minilm FROM '${models}/minilm-l3/model.onnx' TOKENIZER '${models}/minilm-l3/tokenizer.json'
  WITH (max_tokens = 64);
CREATE TABLE labels (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(teacher))) STORED);
COPY labels (id, title) FROM '${data}/lbl.json.gz' (FORMAT xc);

-- The teacher is DEXA's module I: it alone is learned from pairs of documents and label texts.
CREATE AUXILIARY teacher ON labels;
TRAIN AUXILIARY teacher
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0);

CREATE CLASSIFIER plain ON labels WITH (link = 'sigmoid', init = 'z');
CREATE INDEX plain_graph ON labels USING elias (z);
TRAIN INDEX plain_graph
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (classifier = 'plain', start = 'approximate');
CREATE CLASSIFIER softer ON labels WITH (link = 'sigmoid', init = 'z');
CREATE INDEX softer_graph ON labels USING elias (z);
TRAIN INDEX softer_graph
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (classifier = 'softer', start = 'approximate', lever = true, tau = 15, tau_l = 15, tau_d = 15,
    threshold = 0.8);

CREATE PIPELINE elias ON labels AS
  ENCODE(minilm)
  THEN PROBE(plain_graph, beam => 20) THEN SHORTLIST(limit => 2000) THEN RERANK(plain)
  SCORE BY shortlist.score * sigmoid(rerank.score);
CREATE PIPELINE elias_lever ON labels AS
  ENCODE(minilm)
  THEN PROBE(softer_graph, beam => 20) THEN SHORTLIST(limit => 2000) THEN RERANK(softer)
  SCORE BY shortlist.score * sigmoid(rerank.score);
ALTER TABLE labels SET DEFAULT PIPELINE elias_lever;

EVALUATE PIPELINE elias, PIPELINE elias_lever
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@1, P@3, P@5, PSP@5, R@100, COVERAGE@5)
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
EVALUATE PIPELINE elias, PIPELINE elias_lever
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@5, PSP@5, R@100, COVERAGE@5) BY label_decile
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
