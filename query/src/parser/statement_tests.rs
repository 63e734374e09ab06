//! What is understood, how it is printed, and how what is not understood is explained.

use crate::error::QueryError;
use crate::limits::Limits;
use crate::parser::{parse_chain, parse_expression, parse_statement};

/// The statement printed; None: the text itself. What is printed must parse to the same tree.
#[track_caller]
fn check(sql: &str, expected: Option<&str>) {
    let limits = Limits::default();
    let statement = parse_statement(sql, &limits).unwrap_or_else(|error| panic!("{}", error.render(sql)));
    let printed = statement.to_string();
    assert_eq!(printed, expected.unwrap_or(sql));
    let again =
        parse_statement(&printed, &limits).unwrap_or_else(|error| panic!("{}", error.render(&printed)));
    assert_eq!(again.kind, statement.kind);
    assert_eq!(again.to_string(), printed);
}

/// The statement prints as it is written.
#[track_caller]
fn same(sql: &str) {
    check(sql, None);
}

#[track_caller]
fn prints(sql: &str, expected: &str) {
    check(sql, Some(expected));
}

/// The error as it is shown.
#[track_caller]
fn fails(sql: &str, expected: &str) {
    let error: QueryError = match parse_statement(sql, &Limits::default()) {
        Ok(statement) => panic!("parsed: {statement:?}"),
        Err(error) => error,
    };
    assert_eq!(error.render(sql), expected);
}

#[track_caller]
fn expr(sql: &str, expected: &str) {
    let limits = Limits::default();
    let parsed = parse_expression(sql, &limits).unwrap_or_else(|error| panic!("{}", error.render(sql)));
    assert_eq!(parsed.to_string(), expected);
    assert_eq!(parse_expression(expected, &limits).unwrap(), parsed);
}

#[test]
fn definitions() {
    prints(
        "CREATE MODEL minilm FROM 'models/minilm.onnx' TOKENIZER 'models/tokenizer.json'
           WITH (pooling = 'mean', normalize = true, max_tokens = 32, device = 'cuda:0', fallback = 'cpu');",
        "CREATE MODEL minilm FROM 'models/minilm.onnx' TOKENIZER 'models/tokenizer.json' \
         WITH (pooling = 'mean', normalize = TRUE, max_tokens = 32, device = 'cuda:0', fallback = 'cpu')",
    );
    prints(
        "CREATE TABLE products (
           id BIGINT PRIMARY KEY, title TEXT NOT NULL, category TEXT, price DOUBLE, added TIMESTAMP \
            DEFAULT now(),
           -- aux() of an auxiliary that is not created yet is zero
           z VECTOR(384, F16) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(dexa))) STORED);",
        "CREATE TABLE products (id BIGINT PRIMARY KEY, title TEXT NOT NULL, category TEXT, price DOUBLE, \
         added TIMESTAMP DEFAULT now(), z VECTOR(384, F16) GENERATED ALWAYS AS \
         (normalize(encode(minilm, title) + aux(dexa))) STORED)",
    );
    same("QUANTIZE MODEL minilm AS \"M8\"");
    prints(
        "quantize model model as m8 with (calibration = (select text from read_jsonl('log.jsonl') limit $1), \
         min_cosine = .99)",
        "QUANTIZE MODEL model AS m8 WITH (calibration = (SELECT text FROM read_jsonl('log.jsonl') LIMIT $1), \
         min_cosine = 0.99)",
    );
    same("CREATE AUXILIARY dexa ON products WITH (clusters = 3276, dim = 384)");
    same(
        "CREATE INDEX products_elias ON products USING elias (z) WITH (clusters = 4096, \
         max_clusters_per_label = 4)",
    );
    same("CREATE INDEX ann ON products USING faiss (z) WITH (factory = 'IVF4096,Flat', metric = 'ip')");
    prints(
        "create classifier IF NOT EXISTS products_ova ON products WITH (dtype = f16, bias = off, init = \
         -1.5e-3)",
        "CREATE CLASSIFIER IF NOT EXISTS products_ova ON products WITH (dtype = 'f16', bias = FALSE, init \
         = -0.0015)",
    );
    prints(
        "CREATE TABLE t (a INT, b VARCHAR[] UNIQUE, c DOUBLE PRECISION NULL DEFAULT -1, PRIMARY KEY (a), \
         UNIQUE (c))",
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT[] UNIQUE, c DOUBLE UNIQUE DEFAULT -1)",
    );
    same("CREATE OR REPLACE TABLE t (id TEXT PRIMARY KEY, v VECTOR(3), w VECTOR(3, I8)) WITH (seed = 7)");
    same("DROP INDEX IF EXISTS products_ann");
    prints("drop table \"Products\" RESTRICT", "DROP TABLE \"Products\"");
    same("ALTER TABLE products SET DEFAULT PIPELINE p20");
    same("ALTER TABLE products RESET DEFAULT PIPELINE");
}

#[test]
fn pipelines() {
    prints(
        "CREATE PIPELINE p20 ON products AS
           ENCODE(minilm) THEN PROBE(products_elias, beam => 20) THEN SHORTLIST(limit => 500) THEN \
            RERANK(products_ova, limit => 100)
           SCORE BY probe.score * shortlist.score * sigmoid(rerank.score);",
        "CREATE PIPELINE p20 ON products AS ENCODE(minilm) THEN PROBE(products_elias, beam => 20) \
         THEN SHORTLIST(limit => 500) THEN RERANK(products_ova, limit => 100) \
         SCORE BY probe.score * shortlist.score * sigmoid(rerank.score)",
    );
    same(
        "CREATE OR REPLACE PIPELINE p40 ON products INHERITS p20 (probe.beam => 40, shortlist.limit => 900)",
    );
    same("CREATE PIPELINE p ON products INHERITS p20 AS ENCODE(m) THEN SHORTLIST() AS s");
    let limits = Limits::default();
    let chain = "ENCODE(m) THEN SHORTLIST(ann, limit => 9, effort => 64) AS dense SCORE BY dense.score";
    assert_eq!(parse_chain(chain, &limits).unwrap().to_string(), chain);
    assert_eq!(parse_chain("ENCODE(m) WHERE", &limits).unwrap_err().code.to_string(), "Q0106");
    assert_eq!(parse_chain("PROBE(i, beam => $1)", &limits).unwrap_err().code.to_string(), "Q0118");
}

#[test]
fn fused_chains() {
    prints(
        "SELECT id, title, score, dense.rank, lex.rank FROM products SEARCH :q
         VIA FUSE RRF(k => 60) ( ENCODE(minilm) THEN PROBE(products_elias, beam => 20)
                                   THEN SHORTLIST(limit => 300) AS tree WEIGHT 1.0,
                       ENCODE(minilm) THEN SHORTLIST(products_ann, limit => 300) AS dense WEIGHT 0.7,
                                 SHORTLIST(lexical, limit => 200) AS lex WEIGHT 4 )
             THEN RERANK(products_ova, limit => 100)
         QUALIFY rerank.score > 0 LIMIT 10",
        "SELECT id, title, score, dense.rank, lex.rank FROM products SEARCH :q VIA FUSE RRF (k => 60) \
         (ENCODE(minilm) THEN PROBE(products_elias, beam => 20) THEN SHORTLIST(limit => 300) AS tree \
         WEIGHT 1.0, ENCODE(minilm) THEN SHORTLIST(products_ann, limit => 300) AS dense WEIGHT 0.7, \
         SHORTLIST(lexical, limit => 200) AS lex WEIGHT 4) THEN RERANK(products_ova, limit => 100) \
         QUALIFY rerank.score > 0 LIMIT 10",
    );
    prints(
        "SELECT id FROM t SEARCH 'x' VIA ENCODE(m) THEN fuse linear(normalize => ZScore)(probe(i), \
         fuse union (shortlist(a), shortlist(b) as y) as u weight 2) as f then rerank(z)",
        "SELECT id FROM t SEARCH 'x' VIA ENCODE(m) THEN FUSE LINEAR (normalize => 'zscore') (PROBE(i), \
         FUSE UNION (SHORTLIST(a), SHORTLIST(b) AS y) AS u WEIGHT 2) AS f THEN RERANK(z)",
    );
    same(
        "CREATE PIPELINE p ON t INHERITS q AS FUSE MAX (SHORTLIST(a)) SCORE BY f(a.rank, inverse_propensity)",
    );
    fails(
        "SELECT id FROM t SEARCH 'x' VIA FUSE RFR (SHORTLIST(a))",
        "error[Q0106]: expected a method of FUSE: UNION, MAX, LINEAR or RRF, found `RFR`\
         \n  1 | SELECT id FROM t SEARCH 'x' VIA FUSE RFR (SHORTLIST(a))\
         \n    |                                      ^^^ help: did you mean `RRF`?",
    );
    fails(
        "SELECT id FROM t SEARCH 'x' VIA FUSE MAX (SHORTLIST(a) SCORE BY score)",
        "error[Q0106]: SCORE BY inside a branch of FUSE\
         \n  1 | ...t SEARCH 'x' VIA FUSE MAX (SHORTLIST(a) SCORE BY score)\
         \n    |                                            ^^^^^ help: write it behind the whole chain, \
         over the scores of any of its stages",
    );
    fails(
        "SELECT id FROM t SEARCH 'x' VIA FUSE RRF (k => 1, k => 2) (SHORTLIST(a))",
        "error[Q0115]: option `k` is given twice\
         \n  1 | ...FROM t SEARCH 'x' VIA FUSE RRF (k => 1, k => 2) (SHORTLIST(a))\
         \n    |                                            ^",
    );
}

#[test]
fn training() {
    same(
        "TRAIN CLASSIFIER products_ova FROM (SELECT text, labels FROM read_xc('trn.json.gz', truth => \
         'trn_X_Y.txt')) WITH (epochs = 5, lr = 0.01, loss = 'bce', doubling = [10, 25]) CONCURRENTLY",
    );
    prints(
        "train index i from read_xc('trn.json.gz') with (stage = adjacency)",
        "TRAIN INDEX i FROM (SELECT * FROM read_xc('trn.json.gz')) WITH (stage = 'adjacency')",
    );
    prints("TRAIN INDEX i FROM t concurrently", "TRAIN INDEX i FROM (SELECT * FROM t) CONCURRENTLY");
    prints("TRAIN AUXILIARY dexa FROM points AS p", "TRAIN AUXILIARY dexa FROM (SELECT * FROM points AS p)");
    same("CREATE FUSION f ON t USING tree (clf.score, \"Knn\".rank, inverse_propensity) WITH (depth = 7)");
    same("CREATE FUSION IF NOT EXISTS f ON t USING linear (knn.score)");
    same("DROP FUSION IF EXISTS f");
    same("TRAIN FUSION f FROM (SELECT * FROM t)");
    same("SHOW \"fusions\"");
    same("CANCEL JOB 3");
    prints("wait for job 007", "WAIT FOR JOB 7");
    let code = |sql: &str| parse_statement(sql, &Limits::default()).unwrap_err().code.to_string();
    assert_eq!(code("TRAIN CLASSIFIER c FROM (SELECT $1 AS text)"), "Q0118");
    assert_eq!(code("CANCEL JOB 99999999999999999999999"), "Q0105");
    assert_eq!(code("CANCEL JOB"), "Q0107");
    fails(
        "TRAIN TABLE t FROM u",
        "error[Q0106]: expected CLASSIFIER, INDEX, AUXILIARY or FUSION, found `TABLE`\
         \n  1 | TRAIN TABLE t FROM u\
         \n    |       ^^^^^",
    );
    fails(
        "CANCEL JOB x",
        "error[Q0106]: expected the number of a job, found `x`\
         \n  1 | CANCEL JOB x\
         \n    |            ^ help: SHOW JOBS lists the jobs with their numbers",
    );
}

#[test]
fn loading_and_changing() {
    prints(
        "COPY products (id, title) FROM 'lbl.json.gz' (FORMAT jsonl, MAP (id = uid, title = title));",
        "COPY products (id, title) FROM 'lbl.json.gz' (FORMAT 'jsonl', map (id = uid, title = title))",
    );
    same("COPY CLASSIFIER products_ova FROM 'w.npy'");
    same("COPY AUXILIARY dexa FROM 'aux.npy' (FORMAT 'npy')");
    prints("COPY classifier FROM 'x'", "COPY \"classifier\" FROM 'x'");
    prints(
        "COPY t TO 'out.csv' WITH (FORMAT CSV, HEADER, rows 5)",
        "COPY (SELECT * FROM t) TO 'out.csv' (FORMAT 'csv', header TRUE, rows 5)",
    );
    prints("COPY t (a, b) TO 'o'", "COPY (SELECT a, b FROM t) TO 'o'");
    same("COPY (SELECT id FROM t SEARCH 'x' LIMIT 3) TO 'out.jsonl'");
    prints(
        "INSERT INTO products (id, title, category) VALUES (900001, 'Trail shoe, waterproof', 'shoes')
          ON CONFLICT (id) DO UPDATE SET title = excluded.title RETURNING id, cluster_of(products_elias) \
           AS clusters;",
        "INSERT INTO products (id, title, category) VALUES (900001, 'Trail shoe, waterproof', 'shoes') \
         ON CONFLICT (id) DO UPDATE SET title = excluded.title RETURNING id, cluster_of(products_elias) AS \
          clusters",
    );
    same("INSERT INTO t VALUES (1, NULL), (2, 'it''s') ON CONFLICT DO NOTHING");
    same("INSERT INTO t SELECT id, title FROM read_csv('a.csv', header => TRUE) AS r RETURNING *");
    same("UPDATE products SET title = upper(title), price = price * 2 WHERE id = 3 RETURNING *");
    prints(
        "DELETE FROM products WHERE added < TIMESTAMP '2024-01-01' AND category = 'seasonal';",
        "DELETE FROM products WHERE added < TIMESTAMP '2024-01-01 00:00:00' AND category = 'seasonal'",
    );
}

#[test]
fn queries() {
    same("SELECT id, title, score FROM products SEARCH $1 WHERE category = 'books' AND price < 20 LIMIT 10");
    prints(
        "SELECT id, title, score, probe.score AS cluster, rerank.score AS logit
         FROM products SEARCH 'constitutional reforms of julius caesar'
              VIA ENCODE(minilm) THEN PROBE(products_elias, beam => 40) THEN SHORTLIST(limit => 1000) THEN \
               RERANK(products_ova, limit => 200)
         LIMIT 20;",
        "SELECT id, title, score, probe.score AS cluster, rerank.score AS logit FROM products \
         SEARCH 'constitutional reforms of julius caesar' VIA ENCODE(minilm) THEN PROBE(products_elias, \
          beam => 40) \
         THEN SHORTLIST(limit => 1000) THEN RERANK(products_ova, limit => 200) LIMIT 20",
    );
    prints(
        "SELECT id, score FROM products SEARCH (VECTOR => ?) VIA EXACT LIMIT 100",
        "SELECT id, score FROM products SEARCH (VECTOR => $1) VIA EXACT LIMIT 100",
    );
    same(
        "SELECT id FROM p AS a SEARCH (TEXT => :q, VECTOR => :v) VIA PIPELINE p20 (probe.beam => 9) \
         QUALIFY score > 0",
    );
    prints("select 1 + 1 two, 'x' as \"Two\"", "SELECT 1 + 1 AS two, 'x' AS \"Two\"");
    same("SELECT DISTINCT t.*, * FROM t ORDER BY a DESC NULLS LAST, b NULLS FIRST LIMIT 5 OFFSET 10");
    prints(
        "SELECT a FROM t ORDER BY a ASC OFFSET 1 LIMIT ALL",
        "SELECT a FROM t ORDER BY a LIMIT NULL OFFSET 1",
    );
    same("SELECT category, count(*), count(DISTINCT price) FROM t GROUP BY category HAVING count(*) > 3");
    same("SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, name) WHERE id IN (SELECT id FROM t)");
    prints(
        "SELECT * FROM VALUES (1) v WHERE column1 = 1",
        "SELECT * FROM (VALUES (1)) AS v WHERE column1 = 1",
    );
    prints("VALUES (1), (2);;", "VALUES (1), (2)");
    prints("SELECT text, rank, score, labels, index, title, key FROM t", {
        "SELECT text, rank, score, labels, \"index\", title, key FROM t"
    });
    same("SELECT qid FROM read_xc('tst.json.gz', truth => 'tst_X_Y.txt', filter => 'f.txt')");
}

#[test]
fn evaluation_and_the_rest() {
    prints(
        "EVALUATE PIPELINE p20, PIPELINE p20 (probe.beam => 100), EXACT ON products
         FROM (SELECT qid, text, labels, exclude FROM read_xc('tst.json.gz', truth => 'tst_X_Y.txt'))
         METRICS (P@1, p@3, PSP@5, NDCG@5, R@100) BY label_decile WITH (propensity = 'wikipedia', seed = 7);",
        "EVALUATE PIPELINE p20, PIPELINE p20 (probe.beam => 100), EXACT ON products \
         FROM (SELECT qid, text, labels, exclude FROM read_xc('tst.json.gz', truth => 'tst_X_Y.txt')) \
         METRICS (P@1, P@3, PSP@5, NDCG@5, R@100) BY label_decile WITH (propensity = 'wikipedia', seed = 7)",
    );
    same(
        "EVALUATE (SELECT id FROM t SEARCH q VIA EXACT) FROM (SELECT q FROM read_jsonl('log.jsonl') LIMIT \
         2000) \
         METRICS (ANN_RECALL@10, COVERAGE@5, MRR@3, PSNDCG@1) AGAINST EXACT BY length(q) \
         WITH (propensity = (SELECT labels FROM read_xc('trn.json.gz')), a = 0.55)",
    );
    same("COPY (EVALUATE EXACT ON t FROM (SELECT q FROM u) METRICS (P@1)) TO 'm.csv'");
    prints(
        "evaluate exact on t from (select q from u) metrics (p@1, Encode_Cosine, mrr@2)",
        "EVALUATE EXACT ON t FROM (SELECT q FROM u) METRICS (P@1, ENCODE_COSINE, MRR@2)",
    );
    prints(
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM products SEARCH $1 LIMIT 10",
        "EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM products SEARCH $1 LIMIT 10",
    );
    prints("explain analyze select 1", "EXPLAIN (ANALYZE) SELECT 1");
    prints("EXPLAIN (VERBOSE, FORMAT TREE) DELETE FROM t", "EXPLAIN (VERBOSE) DELETE FROM t");
    same("REINDEX products_ann");
    same("CHECK DATABASE");
    prints("SET memory_limit = '4GB'", "SET memory_limit = '4GB'");
    prints("SET search.target_recall TO 0.95", "SET search.target_recall = 0.95");
    prints("SET mode = Exact", "SET mode = 'exact'");
    prints("SET threads = DEFAULT", "RESET threads");
    prints("PRAGMA threads = 8", "SET threads = 8");
    prints("PRAGMA threads", "SHOW threads");
    let kinds = ["TABLES", "INDEXES", "MODELS", "AUXILIARIES", "CLASSIFIERS", "PIPELINES", "FUSIONS"];
    for kind in kinds.into_iter().chain(["SETTINGS", "JOBS"]) {
        same(&format!("SHOW {kind}"));
    }
    prints("SHOW AUXILIARY", "SHOW AUXILIARIES");
    same("SHOW \"tables\"");
    prints("DESC products", "DESCRIBE products");
}

#[test]
fn expressions_bind_as_in_postgresql() {
    expr("a or b and not c = d", "a OR b AND NOT c = d");
    expr("(a or b) and c", "(a OR b) AND c");
    expr("(a and b) and c", "(a AND b) AND c");
    expr("1 + 2 * 3 - (4 - 5)", "1 + 2 * 3 - (4 - 5)");
    expr("((1 + 2)) * 3 % 4", "(1 + 2) * 3 % 4");
    expr("- - -5", "- - -5");
    expr("- -(5)", "- -(5)");
    expr("not not a", "NOT NOT a");
    expr("-9223372036854775808", "-9223372036854775808");
    expr("9223372036854775808", "9.223372036854776e18");
    expr("18446744073709551616", "1.8446744073709552e19");
    expr("+-+5", "-5");
    expr("-5::double", "-CAST(5 AS DOUBLE)");
    expr("'1'::BIGINT::text", "CAST('1' AS BIGINT)::TEXT");
    expr("-a * b", "-a * b");
    expr("-(a * b)", "-(a * b)");
    expr("a || b = c || d", "a || b = c || d");
    expr("a between 1 and 2 and b not in (1, 2)", "a BETWEEN 1 AND 2 AND b NOT IN (1, 2)");
    expr("a not like 'x%' or b ilike '%' || c", "a NOT LIKE 'x%' OR b ILIKE '%' || c");
    expr("a = b is not null", "a = b IS NOT NULL");
    expr("(a is null) = b", "(a IS NULL) = b");
    expr("case when a then 1 else 2 end", "CASE WHEN a THEN 1 ELSE 2 END");
    expr("case x when 1 then 'a' when 2 then 'b' end + 1", "CASE x WHEN 1 THEN 'a' WHEN 2 THEN 'b' END + 1");
    expr("ARRAY[1.0, -2] <=> v", "[1.0, -2] <=> v");
    expr("v <-> [] ", "v <-> []");
    expr("v <#> $2", "v <#> $2");
    expr("1e5 + .5 + 1.", "100000.0 + 0.5 + 1.0");
    expr("T.\"Limit\" + t.limit", "t.\"Limit\" + t.limit");
    expr("count(*) + count(distinct x) + f()", "count(*) + count(DISTINCT x) + f()");
    expr("timestamp '2024-01-31T12:00:00Z'", "TIMESTAMP '2024-01-31 12:00:00'");
    expr("timestamp", "\"timestamp\"");
    expr("'it''s'", "'it''s'");
    expr("a == 1 and b != 2", "a = 1 AND b <> 2");
}

#[test]
fn parameters_have_one_style() {
    let parse = |sql: &str| parse_statement(sql, &Limits::default());
    let names = |sql: &str| parse(sql).unwrap().parameters.into_iter().map(|p| p.name).collect::<Vec<_>>();
    assert_eq!(names("SELECT ?, ?"), [None, None]);
    assert_eq!(names("SELECT $3, $1"), [None, None, None]);
    assert_eq!(names("SELECT :a, :b, :a"), [Some("a".to_owned()), Some("b".to_owned())]);
    assert_eq!(parse("SELECT $3").unwrap().parameters.iter().filter(|p| p.span.is_some()).count(), 1);
    fails(
        "SELECT ?, $1",
        "error[Q0108]: `?` and `$1` parameters in one statement\
         \n  1 | SELECT ?, $1\n    |           ^^ help: write all of them as `?`",
    );
    fails(
        "SELECT $0",
        "error[Q0109]: there is no parameter `$0`\
         \n  1 | SELECT $0\n    |        ^^ help: parameters are counted from $1",
    );
    assert_eq!(parse("SELECT $99999999999999999999").unwrap_err().code.to_string(), "Q0507");
    assert_eq!(parse("CREATE TABLE t (id BIGINT DEFAULT ?)").unwrap_err().code.to_string(), "Q0118");
}
