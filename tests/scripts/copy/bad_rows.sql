-- One bad row refuses the file: nothing of it is stored, and the error says where it is.

--@ file type.jsonl
--| {"id": 1, "n": 10}
--| {"id": 2, "n": "ten"}
--@ file cut.jsonl
--| {"id": 1, "n": 10}
--| {"id": 2,
--@ file twice.csv
--| id,n
--| 1,10
--| 2,20
--| 1,30
--@ file short.csv
--| id,n
--| 1,10
--| 2
--@ file null.csv
--| id,n
--| ,10
CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT);

COPY t FROM '${tmp}/type.jsonl';

COPY t FROM '${tmp}/cut.jsonl';

COPY t FROM '${tmp}/twice.csv';

COPY t FROM '${tmp}/short.csv';

COPY t FROM '${tmp}/null.csv';

COPY t FROM '${tmp}/missing.csv';

SELECT count(*) FROM t;
