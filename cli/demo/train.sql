-- Learning inside the database, from a part of the training texts so that it takes minutes.
-- A classifier over the embeddings: it starts from them, bends them with an adapter, and learns a row a label.
CREATE CLASSIFIER concepts_clf ON concepts WITH (link = 'sigmoid');
TRAIN CLASSIFIER concepts_clf
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 5 = 1)
  WITH (adapter = true, epochs = 6, dropout = 0.3, lr = 0.002, hard_negatives = 4, batch_labels = 4096);

-- A sparse classifier: words and pairs of words, which a frozen encoder has smoothed away.
CREATE CLASSIFIER concepts_lex ON concepts WITH (features = 'tfidf', link = 'sigmoid');
TRAIN CLASSIFIER concepts_lex
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 5 = 1)
  WITH (shortlist = 'concepts_clf');

-- The fusion learns how far to trust each of them, from texts that neither has seen.
CREATE INDEX concepts_by_clf ON concepts USING ann (concepts_clf);
CREATE FUSION concepts_mix ON concepts USING linear (clf.score, z.score, lex.score);
CREATE PIPELINE candidates ON concepts AS
  ENCODE(minilm)
  THEN FUSE UNION (SHORTLIST(concepts_ann, limit => 150) AS by_z, SHORTLIST(concepts_by_clf, limit => 150) AS by_clf)
  THEN RERANK(z) AS z THEN RERANK(concepts_clf) AS clf THEN RERANK(concepts_lex) AS lex;
TRAIN FUSION concepts_mix
  FROM (SELECT text, labels FROM read_xc('${data}/trn.json.gz') WHERE hash(qid) % 5 = 2)
  WITH (pipeline = 'candidates', max_points = 3000);
CREATE PIPELINE learned ON concepts AS
  ENCODE(minilm)
  THEN FUSE UNION (SHORTLIST(concepts_ann, limit => 150) AS by_z, SHORTLIST(concepts_by_clf, limit => 150) AS by_clf)
  THEN RERANK(z) AS z THEN RERANK(concepts_clf) AS clf THEN RERANK(concepts_lex) AS lex
  SCORE BY concepts_mix(clf.score, z.score, lex.score);
SHOW JOBS;

-- Before and after, over the test texts, by how often the labels occur in training.
EVALUATE PIPELINE ann, PIPELINE learned
  FROM (SELECT text, labels FROM read_xc('${data}/tst.json.gz'))
  METRICS (P@1, P@3, P@5, PSP@5, R@100)
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
