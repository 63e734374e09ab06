-- DEXA: extreme classifiers with auxiliary vectors.
-- Dahiya et al.: Deep Encoders with Auxiliary Parameters for Extreme Classification. KDD 2023.
--
-- The encoder is frozen. Module I learns one vector for each cluster of labels, which is added to what the
-- encoder says of their texts (TRAIN AUXILIARY). Module II learns one classifier a label, which starts from
-- that sum (TRAIN CLASSIFIER). A tree of depth 7 mixes both scores (TRAIN FUSION). The answer is the
-- published one: the nearest labels by embedding (knn) and by classifier (clf) are joined, and ordered by
-- tree + knn + clf. A label that one list alone has found goes without the terms of the other.
--
-- Trains on nine tenths of trn, fits the fusion on the last tenth; tst is only evaluated.
-- Prints three rows of metrics over tst: labels by embedding (knn), by classifier (clf), and DEXA.
-- Run it as README.md in this folder says.

CREATE MODEL minilm FROM '${models}/minilm-l3/model.onnx' TOKENIZER '${models}/minilm-l3/tokenizer.json'
  WITH (max_tokens = 64);
CREATE TABLE labels (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(dexa))) STORED);
COPY labels (id, title) FROM '${data}/lbl.json.gz' (FORMAT xc);

-- Module I. Without a number of clusters there is one for 40 labels.
CREATE AUXILIARY dexa ON labels;
TRAIN AUXILIARY dexa
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0);

-- Module II. The rows begin as z, so that they are made after z was learned.
CREATE CLASSIFIER ova ON labels WITH (link = 'cosine', init = 'z');
TRAIN CLASSIFIER ova
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (loss = 'triplet', epochs = 30);

CREATE INDEX by_embedding ON labels USING flat (z);
CREATE INDEX by_classifier ON labels USING flat (ova);
CREATE PIPELINE knn ON labels AS ENCODE(minilm) THEN SHORTLIST(by_embedding, limit => 200);
CREATE PIPELINE clf ON labels AS ENCODE(minilm) THEN SHORTLIST(by_classifier, limit => 200);

-- The tree sees what the classifiers have found, as in DEXA's score_fusion.py.
CREATE PIPELINE candidates ON labels AS
  ENCODE(minilm) THEN FUSE UNION (
    SHORTLIST(by_embedding, limit => 200) AS knn,
    SHORTLIST(by_classifier, limit => 200) AS clf);
CREATE FUSION mix ON labels USING tree (clf.score, knn.score, inverse_propensity);
TRAIN FUSION mix
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 = 0)
  WITH (pipeline = 'candidates', depth = 7);
CREATE PIPELINE dexa ON labels AS
  ENCODE(minilm) THEN FUSE UNION (
    SHORTLIST(by_embedding, limit => 200) AS knn,
    SHORTLIST(by_classifier, limit => 200) AS clf)
  SCORE BY coalesce(mix(clf.score, coalesce(knn.score, 0), inverse_propensity) + clf.score, 0)
    + coalesce(knn.score, 0);
ALTER TABLE labels SET DEFAULT PIPELINE dexa;

EVALUATE PIPELINE knn, PIPELINE clf, PIPELINE dexa
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@1, P@3, P@5, PSP@5, R@100)
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
