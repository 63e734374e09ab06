# Runs statements and keeps what they cost. Read by ablation.sh.
# shellcheck shell=sh

say() {
    printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"
}

# A text as an SQL string.
string() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/''/g")"
}

# Begins a set: its folder, its database with the model, and the variables that the statements use.
set_up() {
    set=$(basename "$1")
    data=$(cd "$1" && pwd)
    work=$out/work-$set
    # Only ever removes a folder of its own.
    [ ! -e "$work" ] || [ -f "$work/costs" ] || fail "$work exists and is not this script's; remove it"
    rm -rf "$work"
    mkdir -p "$work"
    : >"$work/costs"
    say "set: $set"
    [ -z "$quick" ] || cut_down
    label_count=$(gzip -dc "$data/lbl.json.gz" | wc -l)
    point_count=$(gzip -dc "$data/trn.json.gz" | wc -l)
    epochs=${EPOCHS:-${quick:+10}}
    epochs=${epochs:-20}
    stage_1=$(((epochs + 2) / 4))
    stage_2=$((epochs / 2))
    metrics="P@1, P@3, P@5, PSP@5, R@100"
    lever="lever = true, tau = 15, tau_l = 15, tau_d = 15, threshold = 0.8"
    filter=
    if [ -f "$data/filter_labels_test.txt" ]; then
        filter=", filter => $(string "$data/filter_labels_test.txt")"
    fi
    pairs="SELECT text, labels FROM read_xc($(string "$data/trn.json.gz"))"
    train="($pairs WHERE hash(qid) % 10 <> 0)"
    validation="($pairs WHERE hash(qid) % 10 = 0)"
    test_points="(SELECT text, labels, exclude FROM read_xc($(string "$data/tst.json.gz")$filter)
  WHERE hash(qid) % ${TESTS:-1} = 0)"
    propensity="propensity = (SELECT labels FROM read_xc($(string "$data/trn.json.gz")))"
    statements model <<SQL
CREATE MODEL minilm FROM $(string "$ARGTOP_CACHE/models/minilm-l3/model.onnx")
  TOKENIZER $(string "$ARGTOP_CACHE/models/minilm-l3/tokenizer.json")
  WITH (max_tokens = 64, dtype = '${DTYPE:-f32}');
SQL
}

# Replaces the set by a smaller one: some of the labels, with the points that keep one.
cut_down() {
    mkdir "$work/whole" "$work/set"
    for name in lbl trn tst; do gzip -dc "$data/$name.json.gz" >"$work/whole/$name.json"; done
    count=$(wc -l <"$work/whole/lbl.json")
    files="$work/whole/lbl.json $work/whole/trn.json $work/whole/tst.json"
    [ ! -f "$data/filter_labels_test.txt" ] || files="$files $data/filter_labels_test.txt"
    # About 3,000 labels: at least 1.
    share=$((count / 2900))
    [ "$share" -ge 1 ] || share=1
    (cd "$work/whole" && awk -v share="$share" -v points=2 -v out="$work/set" -f "$here/targets.awk" -f "$here/subset.awk" $files)
    gzip "$work/set/lbl.json" "$work/set/trn.json" "$work/set/tst.json"
    rm -rf "$work/whole"
    data=$work/set
}

# GNU time tells the peak memory; without it the column stays empty.
if /usr/bin/time -f '%e %M %U %S' true >/dev/null 2>&1; then gnu_time=1; else gnu_time=; fi

# statements NAME: runs the statements on standard input in a process of their own. Rows go to NAME.out and
# notes to NAME.err in the work folder; $seconds, $processor (seconds of all cores) and $memory (MiB) are what
# it took.
statements() {
    cat >"$work/$1.sql"
    started=$(date +%s)
    status=0
    if [ -n "$gnu_time" ]; then
        /usr/bin/time -f '%e %M %U %S' -o "$work/time" "$ARGTOP" "$work/db" --mode jsonl -f "$work/$1.sql" \
            >"$work/$1.out" 2>"$work/$1.err" || status=$?
    else
        "$ARGTOP" "$work/db" --mode jsonl -f "$work/$1.sql" >"$work/$1.out" 2>"$work/$1.err" || status=$?
    fi
    seconds=$(($(date +%s) - started))
    memory=
    processor=
    if [ "$status" -ne 0 ]; then
        cat "$work/$1.err" >&2
        fail "the statements of $work/$1.sql failed"
    fi
    if [ -n "$gnu_time" ]; then
        seconds=$(tail -n 1 "$work/time" | awk '{print $1}')
        memory=$(tail -n 1 "$work/time" | awk '{printf "%.0f", $2 / 1024}')
        processor=$(tail -n 1 "$work/time" | awk '{print $3 + $4}')
    fi
}

# train SETTING...: runs the statements on standard input and counts what they took to each setting.
train() {
    statements "train-$1"
    say "  $1: trained in $seconds s"
    for setting in "$@"; do printf '%s\t%s\t%s\t%s\n' "$setting" "$seconds" "$memory" "$processor" >>"$work/costs"; done
}

# evaluate ABLATION PIPELINES METRICS [SOURCE [BY]]: a line of results for each row, with what its training
# took. The setting is the name of the pipeline and its overrides.
evaluate() {
    source=${4:-$test_points}
    statements "evaluate-$1" <<SQL
EVALUATE $2
  FROM $source
  METRICS ($3)${5:+ BY $5}
  WITH ($propensity);
SQL
    awk -v set="$set" -v ablation="$1" -v costs="$work/costs" -f "$here/rows.awk" \
        "$work/evaluate-$1.out" >>"$results"
}
