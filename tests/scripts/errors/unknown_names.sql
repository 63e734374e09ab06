-- Names that do not exist: the nearest one is proposed.

CREATE TABLE products (id BIGINT PRIMARY KEY, title TEXT, category TEXT, z VECTOR(2));

CREATE INDEX products_flat ON products USING flat (z);

CREATE CLASSIFIER products_ova ON products;

SELECT categroy FROM products;

SELECT p.titel FROM products AS p;

SELECT products.title FROM products AS p;

SELECT * FROM prodcuts;

SELECT lowwer(title) FROM products;

SELECT id FROM products SEARCH [1, 0] VIA SHORTLIST(product_flat, limit => 3);

SELECT id FROM products SEARCH [1, 0] VIA SHORTLIST(products_flat, limit => 3) THEN RERANK(products_ovo);

SELECT id FROM products SEARCH [1, 0] VIA ENCODE(minilm) THEN SHORTLIST(products_flat, limit => 3);

SELECT id FROM products WHERE title = "shoe";

UPDATE products SET titel = 'x';

DELETE FROM prodcts;

SELECT zebra FROM products;
