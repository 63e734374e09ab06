-- The tree of a query: operators with their notes, rows flow upwards.

CREATE TABLE t (id BIGINT PRIMARY KEY, kind TEXT, z VECTOR(2));

INSERT INTO t VALUES (1, 'a', [1, 0]), (2, 'b', [0, 1]);
--= 2 changed

EXPLAIN SELECT id FROM t;
--> project  id
--> `- scan t  in primary-key order

EXPLAIN SELECT upper(kind), count(*) FROM t WHERE id > 1 GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC LIMIT 3;
--> limit 3 offset 0
--> `- sort  "count(*)" desc, first 3
-->    `- filter "count(*)" > 1
-->       `- aggregate  1 groups keys, 1 aggregates
-->          `- scan t  a range of primary keys, in their order, filter id > 1

EXPLAIN SELECT id FROM t WHERE id IN (1, 2) AND kind = 'a';
--> project  id
--> `- scan t  2 primary keys, filter id IN (1, 2) AND kind = 'a'

EXPLAIN SELECT DISTINCT kind FROM t;
--> distinct
--> `- project  kind
-->    `- scan t  in primary-key order

EXPLAIN VALUES (1), (2);
--> values 2
