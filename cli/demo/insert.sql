SELECT id, title, score FROM concepts SEARCH 'database of vectors that ranks labels for a text' LIMIT 3;
INSERT INTO concepts (id, title) VALUES (1000001, 'vector database, label ranking engine');
SELECT id, title, score FROM concepts SEARCH 'database of vectors that ranks labels for a text' LIMIT 3;
DELETE FROM concepts WHERE id = 1000001;
SELECT count(*) AS labels FROM concepts;
