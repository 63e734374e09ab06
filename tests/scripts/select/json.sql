-- JSON is kept as its text; json_extract takes a path and gives text.

SELECT CAST('{"a": {"b": [10, 20]}, "c": "x", "d": null}' AS JSON);

SELECT json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.a.b[1]'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.c'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.d'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.missing'),
       json_extract('{"a": {"b": [10, 20]}, "c": "x", "d": null}', '$.a');

SELECT json_extract('{"a": "12"}', '$.a')::BIGINT + 1;

SELECT CAST('{a: 1}' AS JSON);

SELECT json_extract('{"a": 1}', 'a..b');

SELECT json_extract('not json', '$.a');
