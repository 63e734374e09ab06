# The ablations over one table of labels. Read by ablation.sh. Each function makes its objects, trains them,
# and evaluates on the test points; the pipelines carry the names of the settings.
# shellcheck shell=sh

# The table with an embedding for each number of auxiliary vectors (z has none), and the encodings of all
# texts: later trainings find them in the database, so that their times leave the encoder out. What is trained
# here begins anew later.
ablation_labels() {
    few=$(((label_count + 159) / 160))
    some=$(((label_count + 39) / 40))
    many=$(((label_count + 9) / 10))
    train encoder <<SQL
CREATE TABLE labels (
  id BIGINT PRIMARY KEY,
  title TEXT NOT NULL,
  z VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title))) STORED,
  z_few VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(few))) STORED,
  z_some VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(some))) STORED,
  z_many VECTOR(384, F32) GENERATED ALWAYS AS (normalize(encode(minilm, title) + aux(many))) STORED);
COPY labels (id, title) FROM $(string "$data/lbl.json.gz") (FORMAT xc);
CREATE AUXILIARY few ON labels WITH (clusters = $few);
CREATE AUXILIARY some ON labels WITH (clusters = $some);
CREATE AUXILIARY many ON labels WITH (clusters = $many);
TRAIN AUXILIARY few FROM ($pairs) WITH (epochs = 1);
CREATE CLASSIFIER encoder ON labels WITH (column = 'z_few');
TRAIN CLASSIFIER encoder FROM ($pairs) WITH (epochs = 1, lever = true);
DROP CLASSIFIER encoder;
CREATE INDEX by_z ON labels USING flat (z);
CREATE PIPELINE zero_shot ON labels AS ENCODE(minilm) THEN SHORTLIST(by_z, limit => 200);
SQL
    evaluate baseline "PIPELINE zero_shot" "$metrics"
}

# NGAME (K = 0) against DEXA with K auxiliary vectors: by embedding alone, by classifier, and fused.
ablation_dexa() {
    targets=
    for column in z z_few z_some z_many; do
        case $column in
            z) name=ngame ;;
            z_few) name=dexa_$few ;;
            z_some) name=dexa_$some ;;
            *) name=dexa_$many ;;
        esac
        if [ "$column" != z ]; then
            train "${name}_knn" "${name}_clf" "$name" <<SQL
TRAIN AUXILIARY ${column#z_} FROM $train WITH (epochs = $epochs);
CREATE INDEX by_$column ON labels USING flat ($column);
SQL
        fi
        train "${name}_clf" "$name" <<SQL
CREATE CLASSIFIER clf_$column ON labels WITH (column = '$column', link = 'cosine');
TRAIN CLASSIFIER clf_$column FROM $train WITH (loss = 'triplet', epochs = $epochs);
CREATE INDEX by_clf_$column ON labels USING flat (clf_$column);
SQL
        train "$name" <<SQL
CREATE PIPELINE ${name}_knn ON labels AS ENCODE(minilm) THEN SHORTLIST(by_$column, limit => 200);
CREATE PIPELINE ${name}_clf ON labels AS ENCODE(minilm) THEN SHORTLIST(by_clf_$column, limit => 200);
CREATE PIPELINE ${name}_candidates ON labels AS ENCODE(minilm) THEN FUSE UNION (
  SHORTLIST(by_$column, limit => 200) AS knn, SHORTLIST(by_clf_$column, limit => 200) AS clf);
CREATE FUSION mix_$column ON labels USING tree (clf.score, knn.score, inverse_propensity);
TRAIN FUSION mix_$column FROM $validation WITH (pipeline = '${name}_candidates', max_points = 8000);
CREATE PIPELINE $name ON labels AS ENCODE(minilm) THEN FUSE UNION (
  SHORTLIST(by_$column, limit => 200) AS knn, SHORTLIST(by_clf_$column, limit => 200) AS clf)
  SCORE BY coalesce(mix_$column(clf.score, coalesce(knn.score, 0), inverse_propensity) + clf.score, 0)
    + coalesce(knn.score, 0);
SQL
        targets="$targets${targets:+, }PIPELINE ${name}_knn, PIPELINE ${name}_clf, PIPELINE $name"
    done
    evaluate dexa "$targets" "$metrics"
}

# A classifier over z_some with the given options, its flat index and its pipeline of the same name.
classifier() {
    train "$1" <<SQL
CREATE CLASSIFIER c_$1 ON labels WITH (column = 'z_some', link = 'sigmoid');
TRAIN CLASSIFIER c_$1 FROM $train WITH (epochs = $epochs, $2);
CREATE INDEX by_c_$1 ON labels USING flat (c_$1);
CREATE PIPELINE $1 ON labels AS ENCODE(minilm) THEN SHORTLIST(by_c_$1, limit => 200);
SQL
}

# A trained cluster graph over z_some with the classifier that is trained beside it, and its pipeline.
graph() {
    train "$1" <<SQL
CREATE CLASSIFIER c_$1 ON labels WITH (column = 'z_some', link = 'sigmoid');
CREATE INDEX g_$1 ON labels USING elias (z_some);
TRAIN INDEX g_$1 FROM $train WITH (classifier = 'c_$1', partition_epochs = $stage_1, epochs = $stage_2, $2);
SQL
    graph_pipelines "$1" "$1" "c_$1"
}

# graph_pipelines PREFIX GRAPH CLASSIFIER: the pipeline of ELIAS, and its path scores alone.
graph_pipelines() {
    statements "pipelines-$1" <<SQL
CREATE PIPELINE $1 ON labels AS ENCODE(minilm) THEN PROBE(g_$2, beam => 20) THEN SHORTLIST(limit => 2000)
  THEN RERANK($3) SCORE BY shortlist.score * sigmoid(rerank.score);
CREATE PIPELINE $1_paths ON labels AS ENCODE(minilm) THEN PROBE(g_$2, beam => 20)
  THEN SHORTLIST(limit => 2000);
SQL
}

# LEVER on a one-vs-all classifier and on ELIAS; also by decile of labels, 1 with the rarest.
ablation_lever() {
    classifier bce "loss = 'bce'"
    classifier bce_lever "loss = 'bce', $lever"
    graph elias "start = 'approximate'"
    graph elias_lever "start = 'approximate', $lever"
    targets="PIPELINE bce, PIPELINE bce_lever, PIPELINE elias, PIPELINE elias_lever"
    evaluate lever "$targets" "$metrics, COVERAGE@5"
    evaluate lever_deciles "$targets" "P@5, PSP@5, R@100, COVERAGE@5" "$test_points" label_decile
}

# ELIAS: partition as built (with the classifier that was trained alone), after stage 1, after stage 2 from
# either start; the same beams and shortlists for all. Paths are what the graph gives without the
# classifier.
ablation_elias() {
    statements untrained <<SQL
CREATE INDEX g_untrained ON labels USING elias (z_some);
SQL
    graph_pipelines elias_untrained untrained c_bce
    graph elias_stage_1 "stage = 'partition'"
    graph elias_stage_2_random "start = 'random'"
    targets=
    for name in elias_untrained elias_stage_1 elias_stage_2_random elias; do
        for beam in 5 10 20 40; do
            targets="$targets${targets:+, }PIPELINE $name (probe.beam => $beam)"
        done
        targets="$targets, PIPELINE ${name}_paths"
    done
    evaluate elias "$targets" "$metrics"
}

# Losses of a one-vs-all classifier, negatives, and the residual map of the query.
ablation_losses() {
    classifier softmax "loss = 'softmax'"
    classifier bce_adapter "loss = 'bce', adapter = true"
    classifier softmax_adapter "loss = 'softmax', adapter = true"
    targets="PIPELINE dexa_${some}_clf, PIPELINE bce, PIPELINE softmax, PIPELINE bce_adapter, \
PIPELINE softmax_adapter"
    # An epoch with all labels takes time by points times labels: hours on the largest sets.
    if [ "$((label_count * point_count))" -le "${ALL_NEGATIVES:-1000000000}" ]; then
        classifier bce_all "loss = 'bce', negatives = 'all'"
        classifier bce_all_adapter "loss = 'bce', negatives = 'all', adapter = true"
        targets="$targets, PIPELINE bce_all, PIPELINE bce_all_adapter"
    fi
    evaluate losses "$targets" "$metrics"
}

# fused NAME METHOD FEATURES: a fusion over the candidates, and its pipeline. A tree has few values, so that
# its answer is completed by the scores, as in the published sum.
fused() {
    ties=
    [ "$2" != tree ] || ties=" + sigmoid(clf.score) + knn.score"
    train "$1" <<SQL
CREATE FUSION f_$1 ON labels USING $2 ($3);
TRAIN FUSION f_$1 FROM $validation WITH (pipeline = 'candidates', max_points = 8000);
CREATE PIPELINE $1 ON labels AS $candidates SCORE BY f_$1($3)$ties;
SQL
}

# Fusions against their parts and against a weighted sum, over the same candidates; without and with the
# sparse rows, and with the label's inverse propensity besides.
ablation_fusion() {
    candidates="ENCODE(minilm) THEN FUSE UNION (SHORTLIST(by_z_some, limit => 150) AS a, \
SHORTLIST(by_c_bce_adapter, limit => 150) AS b) THEN RERANK(z_some) AS knn THEN RERANK(c_bce_adapter) AS clf \
THEN RERANK(sparse) AS lex"
    train sparse <<SQL
CREATE CLASSIFIER sparse ON labels WITH (column = 'z_some', features = 'tfidf', link = 'sigmoid');
TRAIN CLASSIFIER sparse FROM $train WITH (shortlist = 'c_bce_adapter', hard_negatives = 50);
CREATE PIPELINE candidates ON labels AS $candidates;
CREATE PIPELINE sparse ON labels AS $candidates SCORE BY lex.score;
CREATE PIPELINE sigmoids_with_sparse ON labels AS $candidates
  SCORE BY sigmoid(clf.score) + knn.score + sigmoid(lex.score);
SQL
    targets="PIPELINE sparse, PIPELINE sigmoids_with_sparse"
    for weight in 0 25 50 75 100; do
        statements "weight-$weight" <<SQL
CREATE PIPELINE sum_$weight ON labels AS ENCODE(minilm) THEN FUSE LINEAR (normalize => zscore) (
  SHORTLIST(by_z_some, limit => 150) AS knn WEIGHT $((100 - weight)),
  SHORTLIST(by_c_bce_adapter, limit => 150) AS clf WEIGHT $weight);
SQL
        targets="$targets, PIPELINE sum_$weight"
    done
    for method in linear tree boosted; do
        fused "$method" "$method" "clf.score, knn.score"
        fused "${method}_with_sparse" "$method" "clf.score, knn.score, lex.score"
        fused "${method}_with_propensity" "$method" "clf.score, knn.score, lex.score, inverse_propensity"
        targets="$targets, PIPELINE $method, PIPELINE ${method}_with_sparse, PIPELINE ${method}_with_propensity"
    done
    evaluate fusion "$targets" "$metrics"
}
