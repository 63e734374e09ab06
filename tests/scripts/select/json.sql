-- JSON is kept as its text; json_extract takes a path and gives text.

SELECT CAST('{"a": {"b": [10, 20]}, "c": "x", "d": null}' AS JSON);
--> {"a": {"b": [10, 20]}, "c": "x", "d": null}

SELECT json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.a.b[1]'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.c'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.d'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.missing'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.a');
--> 20 | x | NULL | NULL | {"b": [10, 20]}

SELECT json_extract('{"a": "12"}', '$.a')::BIGINT + 1;
--> 13

SELECT CAST('10' AS JSON)::BIGINT, CAST('1.5' AS JSON)::DOUBLE, CAST('true' AS JSON)::BOOLEAN;
--> 10 | 1.5 | true

SELECT CAST('{a: 1}' AS JSON);
--! error[V0001]: '{a: 1}' cannot be read as JSON: give valid JSON text, nested at most 128 deep

SELECT json_extract('{"a": 1}', 'a..b');
--! error[V0001]: the JSON path 'a..b' cannot be read: write it as $.name.name[0]

SELECT json_extract('not json', '$.a');
--! error[V0001]: json_extract does not take 'not json', it needs valid JSON: bind a parameter of that type, or add a CAST
