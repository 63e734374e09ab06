EVALUATE EXACT ON concepts, PIPELINE ann, PIPELINE tree, PIPELINE words, PIPELINE hybrid
  FROM (SELECT text, labels FROM read_xc('${data}/tst.json.gz'))
  METRICS (P@1, P@3, P@5, NDCG@5, PSP@5, R@10, R@100, ANN_RECALL@100) AGAINST EXACT
  WITH (propensity = (SELECT labels FROM read_xc('${data}/trn.json.gz')));
