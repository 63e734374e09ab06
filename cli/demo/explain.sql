EXPLAIN ANALYZE SELECT id, title, score FROM concepts SEARCH 'constitutional reforms of julius caesar' LIMIT 10;
