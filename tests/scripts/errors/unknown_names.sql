-- Names that do not exist: the nearest one is proposed.

CREATE TABLE products (id BIGINT PRIMARY KEY, title TEXT, category TEXT, z VECTOR(2));

CREATE INDEX products_flat ON products USING flat (z);

CREATE CLASSIFIER products_ova ON products;

SELECT categroy FROM products;
--! error[Q0207]: unknown column `categroy`
--!   1 | SELECT categroy FROM products
--!     |        ^^^^^^^^ help: did you mean `category`?

SELECT p.titel FROM products AS p;
--! error[Q0207]: unknown column `p.titel`
--!   1 | SELECT p.titel FROM products AS p
--!     |        ^^^^^^^ help: did you mean `p.title`?

SELECT products.title FROM products AS p;
--! error[Q0207]: unknown column `products.title`
--!   1 | SELECT products.title FROM products AS p
--!     |        ^^^^^^^^^^^^^^ help: did you mean `title`?

SELECT * FROM prodcuts;
--! error[Q0201]: unknown table `prodcuts`
--!   1 | SELECT * FROM prodcuts
--!     |               ^^^^^^^^ help: did you mean `products`?

SELECT lowwer(title) FROM products;
--! error[Q0209]: unknown function `lowwer`
--!   1 | SELECT lowwer(title) FROM products
--!     |        ^^^^^^ help: did you mean `lower`?

SELECT id FROM products SEARCH [1, 0] VIA SHORTLIST(product_flat, limit => 3);
--! error[Q0204]: unknown index `product_flat`
--!   1 | ...OM products SEARCH [1, 0] VIA SHORTLIST(product_flat, limit => 3)
--!     |                                            ^^^^^^^^^^^^ help: did you mean `products_flat`?

SELECT id FROM products SEARCH [1, 0] VIA SHORTLIST(products_flat, limit => 3) THEN RERANK(products_ovo);
--! error[Q0205]: unknown classifier `products_ovo`
--!   1 | ...(products_flat, limit => 3) THEN RERANK(products_ovo)
--!     |                                            ^^^^^^^^^^^^ help: did you mean `products_ova`?

SELECT id FROM products SEARCH [1, 0] VIA ENCODE(minilm) THEN SHORTLIST(products_flat, limit => 3);
--! error[Q0202]: unknown model `minilm`
--!   1 | ... FROM products SEARCH [1, 0] VIA ENCODE(minilm) THEN SHORTLIST(products_flat, limit => 3)
--!     |                                            ^^^^^^ help: there is none yet: CREATE MODEL makes one

SELECT id FROM products WHERE title = "shoe";
--! error[Q0207]: unknown column `shoe`
--!   1 | SELECT id FROM products WHERE title = "shoe"
--!     |                                       ^^^^^^ help: known: `id`, `title`, `category`, `z`; a text stands in single quotes

UPDATE products SET titel = 'x';
--! error[Q0207]: table `products` has no column `titel`
--!   1 | UPDATE products SET titel = 'x'
--!     |                     ^^^^^ help: did you mean `title`?

DELETE FROM prodcts;
--! error[Q0201]: unknown table `prodcts`
--!   1 | DELETE FROM prodcts
--!     |             ^^^^^^^ help: did you mean `products`?

SELECT zebra FROM products;
--! error[Q0207]: unknown column `zebra`
--!   1 | SELECT zebra FROM products
--!     |        ^^^^^ help: known: `id`, `title`, `category`, `z`; a text stands in single quotes
