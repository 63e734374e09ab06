-- SET, SHOW, RESET and PRAGMA; values are checked against the bounds of the setting.

SHOW search.beam;

SET search.beam = 7;

SHOW search.beam;

SET search.beam TO 8;

PRAGMA search.beam;

PRAGMA search.beam = 9;

SHOW search.beam;

RESET search.beam;

SHOW search.beam;

SET search.beam = 0;

SET search.beam = 'many';

SET search.exact_rows = 5;

SET search.exact_rows = DEFAULT;

SHOW search.exact_rows;

SET search.beem = 3;

SHOW nothing;

SET LOCAL search.beam = 3;

RESET ALL;
