-- SET, SHOW, RESET and PRAGMA; values are checked against the bounds of the setting.

SHOW search.beam;
--> 20

SET search.beam = 7;

SHOW search.beam;
--> 7

SET search.beam TO 8;

PRAGMA search.beam;
--> 8

PRAGMA search.beam = 9;

SHOW search.beam;
--> 9

RESET search.beam;

SHOW search.beam;
--> 20

SET search.beam = 0;
--! error[V0001]: search.beam cannot be 0
--!   help: it takes a whole number from 1 to 16777216

SET search.beam = 'many';
--! error[V0001]: search.beam cannot be many
--!   help: it takes a whole number from 1 to 16777216

SET search.exact_rows = 5;

SET search.exact_rows = DEFAULT;

SHOW search.exact_rows;
--> 2000

SET search.beem = 3;
--! error[Q0212]: unknown setting `search.beem`
--!   1 | SET search.beem = 3
--!     |     ^^^^^^^^^^^ help: did you mean `search.beam`?

SHOW nothing;
--! error[Q0212]: unknown setting `nothing`
--!   1 | SHOW nothing
--!     |      ^^^^^^^ help: SHOW SETTINGS lists them

SET LOCAL search.beam = 3;
--! error[Q0112]: SET LOCAL or SET SESSION is not part of this version of the language
--!   1 | SET LOCAL search.beam = 3
--!     |     ^^^^^ help: use SET name = value, and RESET name afterwards

RESET ALL;
--! error[Q0112]: RESET ALL is not part of this version of the language
--!   1 | RESET ALL
--!     |       ^^^ help: use RESET name
