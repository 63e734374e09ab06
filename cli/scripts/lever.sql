-- LEVER: soft labels of a teacher for rare labels.
-- Buvanesh et al.: Enhancing Tail Performance in Extreme Classifiers by Label Variance Reduction. ICLR
-- 2024.
--
-- A label with few documents gets targets that vary much, so that its classifier does. A teacher, which
-- compares the text of a label with other texts, finds documents and label texts that the label lacks: they
-- become targets of less than 1. Any trainer takes them by `lever = true`: `tau` label texts for each
-- label, each at least `threshold` like it, where likeness is (cos + 1) / 2; and `tau_d` documents for
-- labels with fewer than that. Answers cost the same with and without it.
--
-- Trains two one-vs-all classifiers on nine tenths of trn, alike but for LEVER; tst is only evaluated.
-- Prints two rows of metrics over tst, then P@5, PSP@5, R@100 and coverage by decile of labels: 1 has the
-- labels that are rarest in trn, 10 the most frequent. LEVER is meant to help the first deciles.
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
TRAIN CLASSIFIER plain
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (loss = 'bce', epochs = 20);
CREATE CLASSIFIER softer ON labels WITH (link = 'sigmoid', init = 'z');
TRAIN CLASSIFIER softer
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 10 <> 0)
  WITH (loss = 'bce', epochs = 20, lever = true, tau = 15, tau_l = 15, tau_d = 15, threshold = 0.8);

CREATE INDEX by_plain ON labels USING flat (plain);
CREATE INDEX by_softer ON labels USING flat (softer);
CREATE PIPELINE without_lever ON labels AS ENCODE(minilm) THEN SHORTLIST(by_plain, limit => 200);
CREATE PIPELINE with_lever ON labels AS ENCODE(minilm) THEN SHORTLIST(by_softer, limit => 200);
ALTER TABLE labels SET DEFAULT PIPELINE with_lever;

EVALUATE PIPELINE without_lever, PIPELINE with_lever
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@1, P@3, P@5, PSP@5, R@100, COVERAGE@5)
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
EVALUATE PIPELINE without_lever, PIPELINE with_lever
  FROM (SELECT text, labels, exclude FROM read_xc('${data}/tst.json.gz'${filter}))
  METRICS (P@5, PSP@5, R@100, COVERAGE@5) BY label_decile
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
