SELECT id, title, score, probe.score AS cluster, shortlist.score AS path, rerank.score AS cosine
  FROM concepts SEARCH 'a small domesticated feline' LIMIT 5;
SELECT id, title, score, probe.score AS cluster, shortlist.score AS path, rerank.score AS cosine
  FROM concepts SEARCH 'the scientific study of heredity' LIMIT 5;
SELECT id, title, score, probe.score AS cluster, shortlist.score AS path, rerank.score AS cosine
  FROM concepts SEARCH 'move quickly on foot' LIMIT 5;
SELECT id, title, score, probe.score AS cluster, shortlist.score AS path, rerank.score AS cosine
  FROM concepts SEARCH 'a building where plays are performed' LIMIT 5;
SELECT id, title, score, probe.score AS cluster, shortlist.score AS path, rerank.score AS cosine
  FROM concepts SEARCH 'very cold weather with snow' WHERE title LIKE '%snow%' LIMIT 5;
SELECT id, title, score, lex.rank AS words, dense.rank AS vectors
  FROM concepts SEARCH 'the Felis domesticus of our house' VIA PIPELINE hybrid LIMIT 5;
