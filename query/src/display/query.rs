//! Queries, searches and chains to text.

use std::fmt::{self, Display, Formatter};

use super::statement::Plain;
use super::{AnyName, Clause, Commas};
use crate::ast::{
    Argument, Chain, FromItem, FuseBranch, Ident, OrderItem, Override, Query, QueryBody, Search, SearchInput,
    Select, SelectItem, Stage, StageOption, Via,
};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.body {
            QueryBody::Select(select) => select.fmt(f)?,
            QueryBody::Values(rows) => {
                f.write_str("VALUES ")?;
                for (i, row) in rows.iter().enumerate() {
                    let comma = if i > 0 { ", " } else { "" };
                    write!(f, "{comma}({})", Commas(row))?;
                }
            }
        }
        if !self.order_by.is_empty() {
            write!(f, " ORDER BY {}", Commas(&self.order_by))?;
        }
        write!(f, "{}{}", Clause("LIMIT", &self.limit), Clause("OFFSET", &self.offset))
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "DISTINCT " } else { "" };
        write!(f, "SELECT {distinct}{}", Commas(&self.items))?;
        write!(f, "{}{}", Clause("FROM", &self.from), Clause("WHERE", &self.filter))?;
        if !self.group_by.is_empty() {
            write!(f, " GROUP BY {}", Commas(&self.group_by))?;
        }
        write!(f, "{}{}", Clause("HAVING", &self.having), Clause("QUALIFY", &self.qualify))
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SelectItem::Wildcard { .. } => f.write_str("*"),
            SelectItem::QualifiedWildcard { qualifier, .. } => write!(f, "{qualifier}.*"),
            SelectItem::Expr { expr, alias } => write!(f, "{expr}{}", Clause("AS", alias)),
        }
    }
}

impl Display for FromItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FromItem::Table { table, alias, search } => {
                write!(f, "{table}{}", Clause("AS", alias))?;
                match search {
                    Some(search) => write!(f, " {search}"),
                    None => Ok(()),
                }
            }
            FromItem::Function { name, args, alias } => {
                write!(f, "{name}({}){}", Commas(args), Clause("AS", alias))
            }
            FromItem::Query { query, alias, columns } => {
                write!(f, "({query})")?;
                derived(f, alias.as_ref(), columns)
            }
            FromItem::Lateral(lateral) => {
                write!(f, "{} CROSS JOIN LATERAL ({})", lateral.left, lateral.query)?;
                derived(f, lateral.alias.as_ref(), &lateral.columns)
            }
        }
    }
}

/// The name of a subquery and of its columns.
fn derived(f: &mut Formatter<'_>, alias: Option<&Ident>, columns: &[Ident]) -> fmt::Result {
    if let Some(alias) = alias {
        write!(f, " AS {alias}")?;
    }
    if columns.is_empty() { Ok(()) } else { write!(f, " ({})", Commas(columns)) }
}

impl Display for Argument {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} => {}", AnyName(name), self.value),
            None => self.value.fmt(f),
        }
    }
}

impl Display for OrderItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let direction = if self.descending { " DESC" } else { "" };
        let nulls = match self.nulls_first {
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
            None => "",
        };
        write!(f, "{}{direction}{nulls}", self.expr)
    }
}

impl Display for Search {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "SEARCH {}{}", self.input, Clause("VIA", &self.via))
    }
}

impl Display for SearchInput {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SearchInput::Expr(expr) => expr.fmt(f),
            SearchInput::Named { text: Some(text), vector: Some(vector) } => {
                write!(f, "(TEXT => {text}, VECTOR => {vector})")
            }
            SearchInput::Named { text: Some(text), vector: None } => write!(f, "(TEXT => {text})"),
            SearchInput::Named { text: None, vector: Some(vector) } => write!(f, "(VECTOR => {vector})"),
            SearchInput::Named { text: None, vector: None } => f.write_str("()"),
        }
    }
}

impl Display for Via {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Via::Exact { .. } => f.write_str("EXACT"),
            Via::Pipeline { name, overrides } => pipeline(f, name, overrides),
            Via::Chain(chain) => chain.fmt(f),
        }
    }
}

/// `PIPELINE name [(overrides)]`.
pub(super) fn pipeline(f: &mut Formatter<'_>, name: &dyn Display, overrides: &[Override]) -> fmt::Result {
    write!(f, "PIPELINE {name}")?;
    if overrides.is_empty() { Ok(()) } else { write!(f, " ({})", Commas(overrides)) }
}

impl Display for Override {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} => {}", AnyName(&self.stage), AnyName(&self.option), self.value)
    }
}

impl Display for Chain {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        then(f, &self.stages)?;
        Clause("SCORE BY", &self.score_by).fmt(f)
    }
}

fn then(f: &mut Formatter<'_>, stages: &[Stage]) -> fmt::Result {
    for (i, stage) in stages.iter().enumerate() {
        let then = if i > 0 { " THEN " } else { "" };
        write!(f, "{then}{stage}")?;
    }
    Ok(())
}

impl Display for FuseBranch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        then(f, &self.stages)?;
        Clause("WEIGHT", &self.weight).fmt(f)
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind.name().to_ascii_uppercase())?;
        if let Some(fuse) = &self.fuse {
            write!(f, " {}", fuse.method.name().to_ascii_uppercase())?;
            if !self.options.is_empty() {
                let options: Vec<FuseOption<'_>> = self.options.iter().map(FuseOption).collect();
                write!(f, " ({})", Commas(&options))?;
            }
            return write!(f, " ({}){}", Commas(&fuse.branches), Clause("AS", &self.alias));
        }
        f.write_str("(")?;
        if let Some(object) = &self.object {
            let comma = if self.text.is_none() && self.options.is_empty() { "" } else { ", " };
            write!(f, "{object}{comma}")?;
        }
        if let Some(text) = &self.text {
            let comma = if self.options.is_empty() { "" } else { ", " };
            write!(f, "{text}{comma}")?;
        }
        write!(f, "{}){}", Commas(&self.options), Clause("AS", &self.alias))
    }
}

/// An option of FUSE, where a bare word would be read as a text.
struct FuseOption<'a>(&'a StageOption);

impl Display for FuseOption<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {}", AnyName(&self.0.name), Plain(&self.0.value))
    }
}

impl Display for StageOption {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {}", AnyName(&self.name), self.value)
    }
}
