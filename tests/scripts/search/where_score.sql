-- Scores are not there yet when WHERE is applied; the help says QUALIFY.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(1));

INSERT INTO t VALUES (1, [1]);

SELECT id FROM t SEARCH [1] WHERE score > 0;

SELECT id FROM t SEARCH [1] WHERE rank = 1;

SELECT id FROM t SEARCH [1] WHERE id = 1 QUALIFY score > 0;

SELECT id FROM t WHERE score > 0;
