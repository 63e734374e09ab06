//! Chains of stages, and the branches of FUSE.

use crate::expr::BoundExpr;

/// Stages joined by THEN, and the final score.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// At least one stage, in order.
    pub stages: Vec<Stage>,
    /// SCORE BY over the columns of [`crate::score_fields`]: for stage i of [`Chain::all_stages`], column 2i
    /// is its score and 2i + 1 its rank (NULL where a stage did not see the label, always for ENCODE); behind
    /// them stands the label's inverse propensity. None: the last stage's score.
    pub score_by: Option<BoundExpr>,
}

impl Chain {
    /// All stages, those inside of FUSE included, in the order in which they run: branches before their FUSE.
    pub fn all_stages(&self) -> Vec<&Stage> {
        let mut all = Vec::new();
        for stage in &self.stages {
            stage.collect(&mut all);
        }
        all
    }
}

impl Stage {
    /// Calls `f` for each expression of the stage and of the branches in it.
    pub(crate) fn for_each_expr_mut(&mut self, f: &mut dyn FnMut(&mut BoundExpr)) {
        match &mut self.kind {
            StageKind::Match { text, .. } => text.iter_mut().for_each(f),
            StageKind::Fuse { branches, .. } => {
                let stages = branches.iter_mut().flat_map(|branch| &mut branch.stages);
                stages.for_each(|stage| stage.for_each_expr_mut(f));
            }
            _ => {}
        }
    }

    /// Whether it is a MATCH for the text of SEARCH.
    pub(crate) fn reads_text(&self) -> bool {
        matches!(self.kind, StageKind::Match { text: None, .. })
    }

    /// Adds the stages of its branches, then itself.
    fn collect<'a>(&'a self, all: &mut Vec<&'a Stage>) {
        if let StageKind::Fuse { branches, .. } = &self.kind {
            for stage in branches.iter().flat_map(|branch| &branch.stages) {
                stage.collect(all);
            }
        }
        all.push(self);
    }
}

/// One stage of a chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Alias, or the lower-case keyword; unique within the whole VIA but for ENCODE, which has no score.
    pub name: String,
    /// What it does.
    pub kind: StageKind,
}

/// What a stage does.
#[derive(Clone, Debug, PartialEq)]
pub enum StageKind {
    /// ENCODE(model): text to a vector; must be first, of the chain or of a branch; exposes no score.
    Encode {
        /// Model; its dimension equals that of what follows (checked).
        model: String,
    },
    /// PROBE(index, beam => n): the best clusters of an elias index. `score`: s_c of a label's best path.
    Probe {
        /// Index of method elias.
        index: String,
        /// Clusters kept; None: the index's default.
        beam: Option<u64>,
    },
    /// SHORTLIST(limit => n) after PROBE: labels by path score s_c * a_cl, maximum over the beam.
    ShortlistPaths {
        /// Labels kept; None: the default of 2,000.
        limit: Option<u64>,
    },
    /// SHORTLIST(index, limit => n): nearest labels by the index's metric. Score: the exact inner product.
    ShortlistIndex {
        /// Index of method flat or faiss.
        index: String,
        /// Labels kept; None: the default of 500.
        limit: Option<u64>,
        /// Search effort (efSearch of HNSW, nprobe of IVF); None: the index's default.
        effort: Option<u64>,
    },
    /// MATCH(column, text, limit => n): labels whose text has words of the query's. Score: BM25 (Robertson
    /// and Zaragoza, 2009) over the live labels of the table.
    Match {
        /// Text column of the table.
        column: String,
        /// Index of method fts on it.
        index: String,
        /// What is looked for, without columns; None: the text of SEARCH.
        text: Option<BoundExpr>,
        /// Labels kept; None: the default of 500.
        limit: Option<u64>,
    },
    /// RERANK(classifier, limit => n). Score: the logit w.phi + b, or the cosine, by the classifier's link.
    Rerank {
        /// Classifier.
        classifier: String,
        /// Labels kept; None: as many as the stage before.
        limit: Option<u64>,
    },
    /// RERANK(column, limit => n). Score: the inner product of the query's vector and the label's, which is
    /// their cosine where both are normalised.
    RerankColumn {
        /// Vector column of the table.
        column: String,
        /// Labels kept; None: as many as the stage before.
        limit: Option<u64>,
    },
    /// FUSE method (chain, ...): all labels that any branch found, scored by the ranks or scores that the
    /// last stages of the branches gave them.
    Fuse {
        /// How the branches' scores become one.
        method: FuseMethod,
        /// At least one.
        branches: Vec<Branch>,
    },
}

/// A branch of a FUSE.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// At least one stage; the score of the last counts.
    pub stages: Vec<Stage>,
    /// WEIGHT, finite and not negative; 1 where none is written, and always under UNION.
    pub weight: f64,
}

/// How a FUSE scores a label from its score s and rank r (from 1) in the branches that found it, with the
/// branches' weights w.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FuseMethod {
    /// `max s` without weights: a union whose score is only an order, for a RERANK or SCORE BY behind it.
    Union,
    /// `max w s`, for branches whose scores are of one scale.
    Max,
    /// `sum w n(s)` with scores normalised over the labels of each branch.
    Linear(Normalization),
    /// `sum w / (k + r)`: reciprocal rank fusion (Cormack, Clarke and Buettcher, SIGIR 2009).
    Rrf {
        /// Rank constant, at least 1.
        k: u64,
    },
}

/// How LINEAR makes the scores of a branch comparable with those of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Normalization {
    /// `(s - min) / (max - min)`, 1 where all scores are equal; a label that the branch did not find gets 0.
    MinMax,
    /// `(s - mean) / deviation`, 0 where all scores are equal; a label that the branch did not find gets the
    /// least value that the branch gives.
    ZScore,
}
