-- Columns that the file lacks, that the table lacks, and the key.

--@ file rows.csv
--| id,a,b
--| 1,x,y
CREATE TABLE t (id BIGINT PRIMARY KEY, a TEXT, c TEXT DEFAULT 'none');

-- Columns of the file that the table lacks are left out; those of the table that the file lacks get their default.
COPY t FROM '${tmp}/rows.csv';

SELECT * FROM t;

COPY t (id, c) FROM '${tmp}/rows.csv';

COPY t (a) FROM '${tmp}/rows.csv';

COPY t (id, nothing) FROM '${tmp}/rows.csv';

COPY t FROM '${tmp}/rows.csv' (MAP (id = key));

COPY t FROM '${tmp}/rows.csv' (MAP (nothing = a));

COPY t FROM '${tmp}/rows.csv' (HEADDER true);
