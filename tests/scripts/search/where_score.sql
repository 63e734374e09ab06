-- Scores are not there yet when WHERE is applied; the help says QUALIFY.

CREATE TABLE t (id BIGINT PRIMARY KEY, z VECTOR(1));

INSERT INTO t VALUES (1, [1]);
--= 1 changed

SELECT id FROM t SEARCH [1] WHERE score > 0;
--! error[Q0307]: `score` is not known yet when WHERE chooses the labels to rank
--!   1 | SELECT id FROM t SEARCH [1] WHERE score > 0
--!     |                                   ^^^^^ help: use QUALIFY score ... to filter by scores

SELECT id FROM t SEARCH [1] WHERE rank = 1;
--! error[Q0307]: `rank` is not known yet when WHERE chooses the labels to rank
--!   1 | SELECT id FROM t SEARCH [1] WHERE rank = 1
--!     |                                   ^^^^ help: use QUALIFY rank ... to filter by scores

SELECT id FROM t SEARCH [1] WHERE id = 1 QUALIFY score > 0;
--> 1
--# LIMIT 10 by default

SELECT id FROM t WHERE score > 0;
--! error[Q0308]: there is no search here that gives a `score`
--!   1 | SELECT id FROM t WHERE score > 0
--!     |                        ^^^^^ help: scores come from FROM table SEARCH 'text'
