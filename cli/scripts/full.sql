-- The recipe that ranks best here: dense classifiers with an adapted query, sparse classifiers, fusion.
-- Sources: NGAME (WSDM 2023) and Renee (MLSys 2023) for the dense rows, DEXA (KDD 2023) for the auxiliary
-- vectors, PECOS XR-Linear and XR-Transformer (Yu et al., JMLR 2022; Zhang et al., NeurIPS 2021) for the
-- sparse rows.
--
-- Three scores are made for the same candidates: likeness of embeddings (knn), one-vs-all rows over
-- embeddings with a learned residual map of the query (clf), and one-vs-all rows over TF-IDF of words and
-- pairs of words (lex). A logistic fusion mixes them. The label's inverse propensity is no feature of it, on
-- purpose: the labels of held-out points have lost a pair to them, so that rare labels look more often right
-- there than they are later.
--
-- Trains on nine tenths of trn, fits the fusion on the last tenth; tst is only evaluated.
-- Prints three rows of metrics over tst: labels by embedding, by classifier, and all fused.
-- Run it as README.md in this folder says.

CREATE MODEL minilm FROM '${models}/minilm-l3/model.onnx' TOKENIZER '${models}/minilm-l3/tokenizer.json'
  WITH (max_tokens = 64);
CREATE TABLE labels (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(dexa))) STORED);
COPY labels (id, title) FROM '${data}/lbl.json.gz' (FORMAT xc);

CREATE AUXILIARY dexa ON labels;
TRAIN AUXILIARY dexa
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0);

CREATE CLASSIFIER ova ON labels WITH (link = 'sigmoid', init = 'z');
TRAIN CLASSIFIER ova
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (loss = 'bce', hard_negatives = 4, batch = 512, batch_labels = 4096, adapter = true, epochs = 10,
    dropout = 0.3, lr = 0.002, adapter_lr = 0.001);
CREATE INDEX by_embedding ON labels USING flat (z);
CREATE INDEX by_classifier ON labels USING flat (ova);

-- The sparse rows learn to tell a document's own labels from those that the dense classifier takes for them.
CREATE CLASSIFIER sparse ON labels WITH (features = 'tfidf', link = 'sigmoid');
TRAIN CLASSIFIER sparse
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (shortlist = 'ova', hard_negatives = 100);

CREATE PIPELINE knn ON labels AS ENCODE(minilm) THEN SHORTLIST(by_embedding, limit => 200);
CREATE PIPELINE clf ON labels AS ENCODE(minilm) THEN SHORTLIST(by_classifier, limit => 200);
CREATE PIPELINE candidates ON labels AS
  ENCODE(minilm)
  THEN FUSE UNION (SHORTLIST(by_embedding, limit => 150) AS a, SHORTLIST(by_classifier, limit => 150) AS b)
  THEN RERANK(z) AS knn THEN RERANK(ova) AS clf THEN RERANK(sparse) AS lex;
CREATE FUSION mix ON labels USING linear (clf.score, knn.score, lex.score);
TRAIN FUSION mix
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 = 0)
  WITH (pipeline = 'candidates', max_points = 8000);
CREATE PIPELINE fused ON labels AS
  ENCODE(minilm)
  THEN FUSE UNION (SHORTLIST(by_embedding, limit => 150) AS a, SHORTLIST(by_classifier, limit => 150) AS b)
  THEN RERANK(z) AS knn THEN RERANK(ova) AS clf THEN RERANK(sparse) AS lex
  SCORE BY mix(clf.score, knn.score, lex.score);
ALTER TABLE labels SET DEFAULT PIPELINE fused;

EVALUATE PIPELINE knn, PIPELINE clf, PIPELINE fused
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@1, P@3, P@5, PSP@5, R@100)
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
