-- Timestamps are UTC in microseconds; offsets are taken into account.

SELECT TIMESTAMP '2024-02-29', TIMESTAMP '2024-02-29 13:45:10.25';
--> 2024-02-29 00:00:00 | 2024-02-29 13:45:10.250000

SELECT TIMESTAMP '2024-01-01 00:30:00+02:00', '2024-01-01T10:00:00Z'::TIMESTAMP;
--> 2023-12-31 22:30:00 | 2024-01-01 10:00:00

SELECT now() > TIMESTAMP '2024-01-01', now() = now();
--> true | true

SELECT TIMESTAMP '2023-02-29';
--! error[Q0113]: `2023-02-29` is not a timestamp
--!   1 | SELECT TIMESTAMP '2023-02-29'
--!     |                  ^^^^^^^^^^^^ help: write TIMESTAMP '2024-01-31 23:59:59'

SELECT '2024-13-01'::TIMESTAMP;
--! error[V0001]: '2024-13-01' cannot be read as TIMESTAMP: write 'YYYY-MM-DD' or 'YYYY-MM-DD HH:MM:SS[.ffffff]', in UTC or with an offset such as +02:00
