-- Files of the XC repository: labels, points with their truth, a truth matrix, and reciprocal pairs.

--@ file lbl.json.gz
--| {"uid": "a", "title": "Apple"}
--| {"uid": "b", "title": "Pear", "content": "a fruit"}
--| {"uid": "c", "title": "Car"}
--@ file tst.json.gz
--| {"uid": "q1", "title": "red", "content": "fruit", "target_ind": [0, 1], "target_rel": [1.0, 0.5]}
--| {"uid": "q2", "title": "wheels", "content": "", "target_ind": [2], "target_rel": [1.0]}
--@ file tst_X_Y.txt
--| 2 3
--| 1:1.0
--| 0:0.5 2:1.0
--@ file filter.txt
--| 0 2
--| 1 0
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT);

COPY t (id, title) FROM '${tmp}/lbl.json.gz' (FORMAT xc);
--= 3 changed

SELECT * FROM t;
--> 0 | Apple
--> 1 | Pear
--> 2 | Car

--@ columns
SELECT * FROM read_xc('${tmp}/tst.json.gz');
--: qid | text | labels | relevance | exclude
--> q1 | red fruit | [0, 1] | [1.0, 0.5] | []
--> q2 | wheels | [2] | [1.0] | []

SELECT qid, labels, relevance, exclude FROM read_xc('${tmp}/tst.json.gz', truth => '${tmp}/tst_X_Y.txt', filter => '${tmp}/filter.txt');
--> q1 | [1] | [1.0] | [2]
--> q2 | [0, 2] | [0.5, 1.0] | [0]

SELECT * FROM read_xc('${tmp}/tst.json.gz', truht => 'x');
--! error[Q0320]: read_xc: option `truht` is unknown; known are truth, filter

SELECT * FROM read_xc('${tmp}/lbl.json.gz', truth => '${tmp}/tst_X_Y.txt');
--! error[F0001]: `${tmp}/tst_X_Y.txt`: 2 rows, but the file of points has 3; give the truth of the same split
