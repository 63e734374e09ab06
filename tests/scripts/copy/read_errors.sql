-- What the read functions say about files and arguments.

--@ file odd.xyz
--| text
SELECT * FROM read_csv('${tmp}/none.csv');
--! error[Q0320]: cannot open `${tmp}/none.csv`: No such file or directory (os error 2)

SELECT * FROM read_csv();
--! error[Q0302]: `read_csv` needs the path of a file
--!   1 | SELECT * FROM read_csv()
--!     |               ^^^^^^^^ help: write read_csv('file')

SELECT * FROM read_csv('a.csv', 'b.csv');
--! error[Q0302]: `read_csv` takes one path, not 'b.csv'
--!   1 | SELECT * FROM read_csv('a.csv', 'b.csv')
--!     |                                 ^^^^^^^ help: write other arguments as name => value

SELECT * FROM read_csv('${tmp}/odd.xyz', delimiter => ';;');
--! error[Q0320]: read_csv: option `delimiter` is not one ASCII character; write ',' or ';' or '\t'

SELECT * FROM load_table('a.orc');
--! error[Q0209]: unknown table function `load_table`
--!   1 | SELECT * FROM load_table('a.orc')
--!     |               ^^^^^^^^^^

SELECT * FROM read_cvs('a.csv');
--! error[Q0209]: unknown table function `read_cvs`
--!   1 | SELECT * FROM read_cvs('a.csv')
--!     |               ^^^^^^^^ help: did you mean `read_csv`?

CREATE TABLE t (id BIGINT PRIMARY KEY);

COPY t FROM '${tmp}/odd.xyz';
--! error[F0001]: `${tmp}/odd.xyz`: the extension does not tell the format; add FORMAT jsonl, csv, parquet, npy or xc

COPY t FROM '${tmp}/odd.xyz' (FORMAT excel);
--! error[F0001]: `${tmp}/odd.xyz`: unknown format `excel`; add FORMAT jsonl, csv, parquet, npy or xc

COPY t FROM STDIN;
--! error[Q0112]: a stream or program in COPY is not part of this version of the language
--!   1 | COPY t FROM STDIN
--!     |             ^^^^^ help: name a file: 'file.csv'
