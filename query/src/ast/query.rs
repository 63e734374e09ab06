//! Queries, searches and chains of stages.

use super::{Expr, Ident};
use crate::error::Span;

/// SELECT or VALUES with its order and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// SELECT or VALUES.
    pub body: QueryBody,
    /// ORDER BY.
    pub order_by: Vec<OrderItem>,
    /// LIMIT; `LIMIT ALL` is a literal NULL.
    pub limit: Option<Expr>,
    /// OFFSET.
    pub offset: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// The rows of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum QueryBody {
    /// SELECT.
    Select(Box<Select>),
    /// VALUES: at least one row, all rows of the same, positive length; columns are `column1`, `column2`, ...
    Values(Vec<Vec<Expr>>),
}

/// SELECT up to QUALIFY.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// DISTINCT.
    pub distinct: bool,
    /// At least one item.
    pub items: Vec<SelectItem>,
    /// FROM.
    pub from: Option<FromItem>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// GROUP BY.
    pub group_by: Vec<Expr>,
    /// HAVING.
    pub having: Option<Expr>,
    /// QUALIFY.
    pub qualify: Option<Expr>,
}

/// An item of SELECT or RETURNING.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectItem {
    /// `*`.
    Wildcard {
        /// Where.
        span: Span,
    },
    /// `t.*`.
    QualifiedWildcard {
        /// Table alias.
        qualifier: Ident,
        /// Where.
        span: Span,
    },
    /// An expression.
    Expr {
        /// Expression.
        expr: Expr,
        /// AS.
        alias: Option<Ident>,
    },
}

/// What rows are taken from.
#[derive(Clone, Debug, PartialEq)]
pub enum FromItem {
    /// A table, searched or scanned.
    Table {
        /// Table.
        table: Ident,
        /// AS.
        alias: Option<Ident>,
        /// SEARCH.
        search: Option<Box<Search>>,
    },
    /// A table function: `read_xc('file', truth => 'file')`.
    Function {
        /// Function.
        name: Ident,
        /// Arguments, positional ones first.
        args: Vec<Argument>,
        /// AS.
        alias: Option<Ident>,
    },
    /// A subquery, or VALUES.
    Query {
        /// Query.
        query: Box<Query>,
        /// AS.
        alias: Option<Ident>,
        /// Column names behind the alias; empty: the query's own.
        columns: Vec<Ident>,
    },
    /// A search for each row: `item CROSS JOIN LATERAL (SELECT ... SEARCH ...) AS a`.
    Lateral(Box<Lateral>),
}

/// A search for each row of what stands before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lateral {
    /// Whose rows are searched for; never another LATERAL.
    pub left: FromItem,
    /// The search; the text of its SEARCH may name columns of `left`.
    pub query: Box<Query>,
    /// AS.
    pub alias: Option<Ident>,
    /// Column names behind the alias; empty: the query's own.
    pub columns: Vec<Ident>,
    /// Where, from CROSS on.
    pub span: Span,
}

/// An argument of a table function.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// Name of `name => value`.
    pub name: Option<Ident>,
    /// Value.
    pub value: Expr,
}

/// A key of ORDER BY.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderItem {
    /// Key.
    pub expr: Expr,
    /// DESC.
    pub descending: bool,
    /// NULLS FIRST or LAST, where written.
    pub nulls_first: Option<bool>,
}

/// SEARCH.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// What is searched for.
    pub input: SearchInput,
    /// VIA; None: the table's default pipeline, or the planner's choice.
    pub via: Option<Via>,
    /// Where.
    pub span: Span,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq)]
pub enum SearchInput {
    /// An expression; its type says whether it is a text or a vector.
    Expr(Expr),
    /// `(TEXT => expr, VECTOR => expr)`; at least one of both.
    Named {
        /// TEXT.
        text: Option<Expr>,
        /// VECTOR, which skips ENCODE.
        vector: Option<Expr>,
    },
}

/// How the search is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Via {
    /// EXACT.
    Exact {
        /// Where.
        span: Span,
    },
    /// PIPELINE name \[(stage.option => value, ...)\].
    Pipeline {
        /// Pipeline.
        name: Ident,
        /// Overridden options.
        overrides: Vec<Override>,
    },
    /// Stages written out.
    Chain(Chain),
}

/// `stage.option => value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// Name of a stage of the pipeline.
    pub stage: Ident,
    /// Option of that stage.
    pub option: Ident,
    /// Value.
    pub value: Expr,
}

/// Stages joined by THEN, and the final score.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    /// At least one stage.
    pub stages: Vec<Stage>,
    /// SCORE BY; None: the last stage's score.
    pub score_by: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// One stage: `SHORTLIST(products_ann, limit => 300) AS dense`.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Keyword.
    pub kind: StageKind,
    /// Model, index, classifier, vector column or text column. None for FUSE, and for SHORTLIST where it
    /// means the path scores of a probe.
    pub object: Option<Ident>,
    /// The text of a MATCH; None: that of SEARCH. None for all other stages.
    pub text: Option<Expr>,
    /// Named options in the order written, no name twice; which names are legal is the binder's business.
    pub options: Vec<StageOption>,
    /// AS.
    pub alias: Option<Ident>,
    /// What a FUSE joins; None for all other stages.
    pub fuse: Option<Box<Fuse>>,
    /// Where, from the keyword to the alias.
    pub span: Span,
}

/// The method and the branches of a FUSE; the method's options are those of the stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Fuse {
    /// Method.
    pub method: FuseMethod,
    /// At least one branch.
    pub branches: Vec<FuseBranch>,
}

/// `stage {THEN stage} [WEIGHT number]` inside a FUSE.
#[derive(Clone, Debug, PartialEq)]
pub struct FuseBranch {
    /// At least one stage.
    pub stages: Vec<Stage>,
    /// WEIGHT; None: 1.
    pub weight: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// Methods of a FUSE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FuseMethod {
    /// All labels of the branches, each with its greatest score.
    Union,
    /// The greatest weighted score.
    Max,
    /// The weighted sum of normalised scores.
    Linear,
    /// Reciprocal rank fusion.
    Rrf,
}

impl FuseMethod {
    /// All methods.
    pub const ALL: [FuseMethod; 4] =
        [FuseMethod::Union, FuseMethod::Max, FuseMethod::Linear, FuseMethod::Rrf];

    /// The lower-case keyword.
    pub fn name(self) -> &'static str {
        match self {
            FuseMethod::Union => "union",
            FuseMethod::Max => "max",
            FuseMethod::Linear => "linear",
            FuseMethod::Rrf => "rrf",
        }
    }
}

/// Kinds of stages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StageKind {
    /// ENCODE(model).
    Encode,
    /// PROBE(index \[, beam => n\]).
    Probe,
    /// SHORTLIST(\[index,\] \[limit => n\] \[, effort => n\]).
    Shortlist,
    /// MATCH(text column \[, text\] \[, limit => n\]).
    Match,
    /// RERANK(classifier or vector column \[, limit => n\]).
    Rerank,
    /// FUSE method \[(option => value)\] (chain \[WEIGHT n\], ...).
    Fuse,
}

/// `name => value` of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageOption {
    /// Name.
    pub name: Ident,
    /// Value.
    pub value: Expr,
}

impl StageKind {
    /// The lower-case keyword, which is the stage's name where it has no alias.
    pub fn name(self) -> &'static str {
        match self {
            StageKind::Encode => "encode",
            StageKind::Probe => "probe",
            StageKind::Shortlist => "shortlist",
            StageKind::Match => "match",
            StageKind::Rerank => "rerank",
            StageKind::Fuse => "fuse",
        }
    }
}

impl Chain {
    /// All stages, those inside of FUSE included, in the order in which they run: branches before their FUSE.
    pub fn all_stages(&self) -> Vec<&Stage> {
        let mut all = Vec::new();
        collect(&self.stages, &mut all);
        all
    }
}

fn collect<'a>(stages: &'a [Stage], all: &mut Vec<&'a Stage>) {
    for stage in stages {
        for branch in stage.fuse.iter().flat_map(|fuse| &fuse.branches) {
            collect(&branch.stages, all);
        }
        all.push(stage);
    }
}

impl Stage {
    /// The name by which `<stage>.score` and overrides find the stage: the alias, or the keyword.
    pub fn name(&self) -> &str {
        self.alias.as_ref().map_or(self.kind.name(), |alias| alias.name.as_str())
    }
}
