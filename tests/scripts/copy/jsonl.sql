-- COPY from JSONL by the names of the keys, with MAP, and with a column list.

--@ file rows.jsonl
--| {"id": 1, "title": "red shoe", "price": 20.5, "tags": ["a", "b"], "extra": {"x": 1}}
--| {"id": 2, "title": null, "price": 3, "tags": [], "extra": null}
--@ file mapped.jsonl
--| {"uid": 3, "name": "caf\u00e9"}
CREATE TABLE t (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE, tags TEXT[], extra JSON);

COPY t FROM '${tmp}/rows.jsonl';

COPY t FROM '${tmp}/mapped.jsonl' (MAP (id = uid, title = name));

SELECT * FROM t;

CREATE TABLE u (id BIGINT PRIMARY KEY, title TEXT, price DOUBLE);

COPY u (id, price) FROM '${tmp}/rows.jsonl';

SELECT * FROM u;

SELECT * FROM read_jsonl('${tmp}/rows.jsonl') WHERE price > 10;
