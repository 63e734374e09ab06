-- From files of the XC repository to metrics, with the reciprocal pairs of the filter file left out.

--@ file lbl.json.gz
--| {"uid": "a", "title": "Apple"}
--| {"uid": "b", "title": "Pear"}
--| {"uid": "c", "title": "Car"}
--@ file trn.json.gz
--| {"uid": "x1", "title": "apple", "content": "", "target_ind": [0], "target_rel": [1.0]}
--| {"uid": "x2", "title": "fruit", "content": "", "target_ind": [0, 1], "target_rel": [1.0, 1.0]}
--| {"uid": "x3", "title": "engine", "content": "", "target_ind": [2], "target_rel": [1.0]}
--@ file tst.json.gz
--| {"uid": "q1", "title": "apple", "content": "", "target_ind": [1], "target_rel": [1.0]}
--| {"uid": "q2", "title": "automobile", "content": "", "target_ind": [2], "target_rel": [1.0]}
--@ file filter.txt
--| 0 0
CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

COPY t (id, title) FROM '${tmp}/lbl.json.gz' (FORMAT xc);
--= 3 changed

-- For 'apple' label 0 comes first; without it label 1, which is the truth.
SELECT id FROM t SEARCH 'apple' LIMIT 2;
--> 0
--> 1

EVALUATE EXACT ON t FROM (SELECT text, labels FROM read_xc('${tmp}/tst.json.gz')) METRICS (P@1, PSP@1)
WITH (propensity = (SELECT labels FROM read_xc('${tmp}/trn.json.gz')));
--> EXACT ON t | 2 | 50.0 | 50.0
--# propensities: A = 0.55, B = 1.5, N = 3 training points
--# EXACT ON t: # queries/s in blocks, 2 points

EVALUATE EXACT ON t
FROM (SELECT text, labels, exclude FROM read_xc('${tmp}/tst.json.gz', filter => '${tmp}/filter.txt'))
METRICS (P@1, PSP@1) WITH (propensity = (SELECT labels FROM read_xc('${tmp}/trn.json.gz')));
--> EXACT ON t | 2 | 100.0 | 100.0
--# propensities: A = 0.55, B = 1.5, N = 3 training points
--# EXACT ON t: # queries/s in blocks, 2 points

--@ show metrics.csv
COPY (EVALUATE EXACT ON t FROM (SELECT text, labels FROM read_xc('${tmp}/tst.json.gz')) METRICS (P@1)) TO '${tmp}/metrics.csv';
--= 1 changed
--< target,points,P@1
--< EXACT ON t,2,50.0
