-- COPY from JSONL by the names of the keys, with MAP, and with a column list.

--@ file rows.jsonl
--| {"id": 1, "title": "red shoe", "price": 20.5, "tags": ["a", "b"], "extra": {"x": 1}}
--| {"id": 2, "title": null, "price": 3, "tags": [], "extra": null}
--@ file mapped.jsonl
--| {"uid": 3, "name": "caf\u00e9"}
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE, tags TEXT[], extra JSON);

COPY t FROM '${tmp}/rows.jsonl';
--= 2 changed

COPY t FROM '${tmp}/mapped.jsonl' (MAP (id = uid, title = name));
--= 1 changed

SELECT * FROM t;
--> 1 | red shoe | 20.5 | [a, b] | {"x":1}
--> 2 | NULL | 3.0 | [] | NULL
--> 3 | caf\u{e9} | NULL | NULL | NULL

CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE);

COPY u (id, price) FROM '${tmp}/rows.jsonl';
--= 2 changed

SELECT * FROM u;
--> 1 | NULL | 20.5
--> 2 | NULL | 3.0

SELECT * FROM read_jsonl('${tmp}/rows.jsonl') WHERE price > 10;
--> 1 | red shoe | 20.5 | [a, b] | {"x":1}
