-- COPY fills defaults and computes embeddings, as INSERT does.

--@ file rows.csv
--| id,title
--| 1,red apple
--| 2,fast car
CREATE MODEL m FROM '${fixtures}/static64.onnx' TOKENIZER '${fixtures}/tokenizer.json';

CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, n BIGINT DEFAULT 5,
                z VECTOR(64) GENERATED ALWAYS AS (normalize(encode(m, title))) STORED);

COPY t FROM '${tmp}/rows.csv';
--= 2 changed

SELECT id, title, n FROM t SEARCH 'automobile' LIMIT 1;
--> 2 | fast car | 5
