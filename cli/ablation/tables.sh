# The ablations that make tables of their own, and the report. Read by ablation.sh.
# shellcheck shell=sh

# Labels that come after the training: a tenth of the labels is held out of the table while it trains and
# inserted afterwards. Compared with the embedding alone and with a training that had all labels, on the
# test points that have such a label: with all their labels (holdout), and with only those held out
# (holdout_new).
ablation_holdout() {
    for name in whole held; do
        where=
        [ "$name" = whole ] || where="WHERE hash(id) % 10 <> 0"
        statements "labels-$name" <<SQL
CREATE TABLE $name (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title))) STORED);
INSERT INTO $name (id, title) SELECT id, title FROM labels $where;
SQL
        train "${name}_cosine" <<SQL
CREATE CLASSIFIER ${name}_cosine ON $name WITH (link = 'cosine');
TRAIN CLASSIFIER ${name}_cosine FROM $train WITH (loss = 'triplet', epochs = $epochs);
SQL
        train "${name}_bce" <<SQL
CREATE CLASSIFIER ${name}_bce ON $name WITH (link = 'sigmoid');
TRAIN CLASSIFIER ${name}_bce FROM $train WITH (loss = 'bce', epochs = $epochs);
SQL
        train "${name}_elias" <<SQL
CREATE CLASSIFIER ${name}_beside ON $name WITH (link = 'sigmoid');
CREATE INDEX ${name}_graph ON $name USING elias (z);
TRAIN INDEX ${name}_graph FROM $train
  WITH (classifier = '${name}_beside', start = 'approximate', partition_epochs = $stage_1, epochs = $stage_2);
SQL
    done
    statements insert <<SQL
INSERT INTO held (id, title) SELECT id, title FROM labels WHERE hash(id) % 10 = 0;
SQL
    targets=
    for name in whole held; do
        statements "pipelines-$name" <<SQL
CREATE INDEX ${name}_z ON $name USING flat (z);
CREATE INDEX ${name}_by_cosine ON $name USING flat (${name}_cosine);
CREATE INDEX ${name}_by_bce ON $name USING flat (${name}_bce);
CREATE PIPELINE ${name}_zero_shot ON $name AS ENCODE(minilm) THEN SHORTLIST(${name}_z, limit => 200);
CREATE PIPELINE ${name}_cosine ON $name AS ENCODE(minilm) THEN SHORTLIST(${name}_by_cosine, limit => 200);
CREATE PIPELINE ${name}_bce ON $name AS ENCODE(minilm) THEN SHORTLIST(${name}_by_bce, limit => 200);
CREATE PIPELINE ${name}_elias ON $name AS ENCODE(minilm) THEN PROBE(${name}_graph, beam => 20)
  THEN SHORTLIST(limit => 2000) THEN RERANK(${name}_beside) SCORE BY shortlist.score * sigmoid(rerank.score);
SQL
        for part in cosine bce elias; do targets="$targets, PIPELINE ${name}_$part"; done
    done
    holdout_points
    targets="PIPELINE whole_zero_shot$targets"
    evaluate holdout_all "$targets" "$metrics"
    evaluate holdout "$targets" "$metrics" \
        "(SELECT text, labels, exclude FROM read_xc($(string "$work/held/tst.json.gz")$held_filter))"
    evaluate holdout_new "$targets" "$metrics" \
        "(SELECT text, labels, exclude FROM read_xc($(string "$work/held/tst_held.json.gz")$held_filter))"
}

# Cuts out the test points that have a label held out.
holdout_points() {
    statements held-labels <<SQL
SELECT id FROM labels WHERE hash(id) % 10 = 0;
SQL
    sed 's/[^0-9]//g' "$work/held-labels.out" >"$work/held.txt"
    mkdir -p "$work/held"
    gzip -dc "$data/tst.json.gz" >"$work/tst.json"
    set -- "$work/held.txt" "$work/tst.json"
    held_filter=
    if [ -f "$data/filter_labels_test.txt" ]; then
        set -- "$@" "$data/filter_labels_test.txt"
        : >"$work/held/filter_labels_test.txt"
        held_filter=", filter => $(string "$work/held/filter_labels_test.txt")"
    fi
    (cd "$work" && awk -v out=held -f "$here/targets.awk" -f "$here/holdout.awk" "$@")
    gzip -f "$work/held/tst.json" "$work/held/tst_held.json"
}

# What a training costs with a quarter, a half and all of the points and of the labels.
ablation_growth() {
    for quarters in 1 2 4; do
        table=part_$quarters
        points="($pairs WHERE hash(qid) % 4 < $quarters)"
        statements "labels-$table" <<SQL
CREATE TABLE $table (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(aux_$quarters))) STORED);
INSERT INTO $table (id, title) SELECT id, title FROM labels WHERE hash(id) % 4 < $quarters;
CREATE AUXILIARY aux_$quarters ON $table;
CREATE CLASSIFIER cosine_$quarters ON $table WITH (link = 'cosine');
CREATE CLASSIFIER bce_$quarters ON $table WITH (link = 'sigmoid');
CREATE CLASSIFIER sparse_$quarters ON $table WITH (features = 'tfidf', link = 'sigmoid');
CREATE INDEX elias_$quarters ON $table USING elias (z);
SELECT count(*) AS labels FROM $table;
SQL
        grown=$(sed -n 's/^{"labels":\([0-9]*\).*/\1/p' "$work/labels-$table.out")
        grow auxiliary "TRAIN AUXILIARY aux_$quarters FROM $points WITH (epochs = $epochs);"
        grow cosine "TRAIN CLASSIFIER cosine_$quarters FROM $points WITH (epochs = $epochs);"
        grow bce "TRAIN CLASSIFIER bce_$quarters FROM $points WITH (epochs = $epochs);"
        grow sparse "TRAIN CLASSIFIER sparse_$quarters FROM $points;"
        grow elias "TRAIN INDEX elias_$quarters FROM $points
  WITH (start = 'approximate', partition_epochs = $stage_1, epochs = $stage_2);"
    done
}

# grow SETTING STATEMENT: one training, a line of results with its time, its memory and its size.
grow() {
    statements "grow-$1-$quarters" <<SQL
$2
SQL
    trained=$(sed -n 's/^note: \([0-9]*\) points.*/\1/p' "$work/grow-$1-$quarters.err" | head -n 1)
    say "  $1, $quarters quarters: $seconds s, ${memory:-unknown} MiB"
    more="${processor:+,\"processor\":$processor}${memory:+,\"memory_mib\":$memory}"
    printf '{"set":"%s","ablation":"growth","setting":"%s, %s labels","points":%s,"seconds":%s%s}\n' \
        "$set" "$1" "$grown" "${trained:-0}" "$seconds" "$more" >>"$results"
}

# The table and the picture.
report() {
    awk -f "$here/flat.awk" -f "$here/table.awk" "$results" >"$out/results.md"
    awk -f "$here/flat.awk" -f "$here/picture.awk" "$results" >"$out/results.svg"
}
