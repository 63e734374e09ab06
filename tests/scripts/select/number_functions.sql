-- Functions over numbers.

SELECT abs(-3), abs(-2.5), round(2.5), round(-2.5), round(2.345, 2), round(1234, -2);

SELECT floor(1.5), ceil(1.5), floor(-1.5), sqrt(16), power(2, 10);

SELECT exp(0), ln(1), round(exp(1), 5), greatest(1, 5, 3), least(4.5, 2);

-- The post-processors of extreme classification: l3_hinge(v) = exp(-max(0, 1 - v)^3).
SELECT sigmoid(0), round(sigmoid(2), 6), sigmoid(-1000), sigmoid(1000), l3_hinge(1), round(l3_hinge(0), 6), l3_hinge(5);

SELECT ln(0);

SELECT sqrt(-1);

SELECT abs(-9223372036854775808);
