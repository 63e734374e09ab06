-- ANALYZE runs the query and shows rows, times and what was found out.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]), (3, 'a', [0.5, 0.5]);
--= 3 changed

EXPLAIN ANALYZE SELECT id FROM t SEARCH [1, 0] WHERE kind = 'a' LIMIT 1;
-->                             rows  time  notes
--> project  1  # ms  id
--> `- limit 1 offset 0  1  # ms
-->    `- search t  k=1  1  # ms  exact: 3 labels are at most search.exact_rows = 2000
-->       +- filter kind = 'a'  2  # ms  selectivity 0.667, pushed into the stages, 3 labels looked at
-->       +- exact z  1  # ms  limit 1, 2 labels scored
-->       `- rank  1  # ms  score desc, primary key
--> total # ms (plan # ms)

EXPLAIN (ANALYZE) SELECT kind, count(*) FROM t GROUP BY kind ORDER BY kind;
-->               rows  time  notes
--> sort  2  # ms  kind
--> `- aggregate  2  # ms  1 groups keys, 1 aggregates
-->    `- scan t  3  # ms  in primary-key order
--> total # ms (plan # ms)

EXPLAIN ANALYZE DELETE FROM t;
--! error[V0001]: EXPLAIN ANALYZE runs queries and EVALUATE only
--!   help: leave ANALYZE out, or run the statement itself

SELECT count(*) FROM t;
--> 3
