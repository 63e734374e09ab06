-- Functions over vectors; lists of numbers are taken as vectors.

SELECT inner_product([1, 2, 3], [4, 5, 6]), cosine([1, 0], [1, 1]), l2([0, 0], [3, 4]);

SELECT normalize([3, 4]), length([1, 2, 3]), cosine([1, 2], [2, 4]);

SELECT inner_product([1, 2], [1, 2, 3]);

SELECT normalize([0, 0]);

SELECT cosine([0, 0], [1, 1]);
