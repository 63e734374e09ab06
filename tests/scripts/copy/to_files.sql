-- COPY TO writes what a query gives; reading it back gives the same rows.

CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, words TEXT[], z VECTOR(2));

INSERT INTO t VALUES (1, 'it''s "quoted", yes', 0.1, ['x', 'y'], [1, 0.5]), (2, NULL, NULL, NULL, [0, 1]);
--= 2 changed

--@ show out.jsonl
COPY t TO '${tmp}/out.jsonl';
--= 2 changed
--< {"id":1,"a":"it's \"quoted\", yes","d":0.1,"words":["x","y"],"z":[1.0,0.5]}
--< {"id":2,"a":null,"d":null,"words":null,"z":[0.0,1.0]}

--@ show out.csv
COPY (SELECT id, a, d FROM t ORDER BY id DESC) TO '${tmp}/out.csv';
--= 2 changed
--< id,a,d
--< 2,,
--< 1,"it's ""quoted"", yes",0.1

--@ show named.txt
COPY t (id, d) TO '${tmp}/named.txt' (FORMAT csv);
--= 2 changed
--< id,d
--< 1,0.1
--< 2,

CREATE TABLE u (id BIGINT PRIMARY KEY, a TEXT, d DOUBLE, words TEXT[], z VECTOR(2));

COPY u FROM '${tmp}/out.jsonl';
--= 2 changed

SELECT * FROM u;
--> 1 | it's "quoted", yes | 0.1 | [x, y] | [1.0, 0.5]
--> 2 | NULL | NULL | NULL | [0.0, 1.0]

--@ show ranked.jsonl
COPY (SELECT id, score FROM t SEARCH [1, 0]) TO '${tmp}/ranked.jsonl';
--= 2 changed
--< {"id":1,"score":1.0}
--< {"id":2,"score":0.0}

COPY t TO '${tmp}/out.orc';
--! error[F0002]: `${tmp}/out.orc`: the extension does not tell the format; add FORMAT jsonl, csv, parquet, npy or xc

COPY t TO '${tmp}/nowhere/out.csv';
--! error[F0002]: cannot open `${tmp}/nowhere`: No such file or directory (os error 2)

COPY (SELECT id, id FROM t) TO '${tmp}/twice.jsonl';
--! error[F0002]: two columns `id`: give one of them another name with AS

COPY (SELECT id FROM t WHERE 1 / (id - 2) = 5) TO '${tmp}/failed.csv';
--! error[V0001]: division by zero in 1 / 0: guard the divisor with nullif(divisor, 0)

SELECT * FROM read_csv('${tmp}/failed.csv');
--! error[Q0320]: cannot open `${tmp}/failed.csv`: No such file or directory (os error 2)
