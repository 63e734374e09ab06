//! Variables of scripts: `${name}` is replaced by its text before the script is read as SQL.

use std::collections::BTreeMap;

/// Names and texts of the variables, from `--set`.
pub(crate) type Variables = BTreeMap<String, String>;

/// A `${name}` that no `--set` defines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Undefined {
    /// The name between the braces.
    pub(crate) name: String,
}

impl std::fmt::Display for Undefined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.name;
        write!(f, "variable ${{{name}}} is not defined; define it with --set {name}=VALUE")
    }
}

/// True for a name of a variable or setting: words of letters, digits and `_`, joined by points.
pub(crate) fn is_name(text: &str) -> bool {
    text.split('.').all(|word| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// Replaces every `${name}` of one line, in strings and comments too.
///
/// What is no variable token (`$1`, `${`, `${a b}`) stays as it is; the replacement is not read again.
pub(crate) fn substitute(line: &str, variables: &Variables) -> Result<String, Undefined> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("${") {
        let (before, token) = rest.split_at(start);
        text.push_str(before);
        let name = token.get(2..).and_then(|t| t.split_once('}')).map(|(name, _)| name);
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                let value = variables.get(name).ok_or_else(|| Undefined { name: name.to_owned() })?;
                text.push_str(value);
                rest = &token[name.len() + 3..];
            }
            None => {
                text.push_str("${");
                rest = &token[2..];
            }
        }
    }
    text.push_str(rest);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: Result<&str, &str>) {
        let variables: Variables =
            [("dir", "/data"), ("search.beam", "64"), ("loop", "${dir}"), ("empty", "")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
        let got = substitute(line, &variables).map_err(|undefined| undefined.name);
        assert_eq!(got.as_deref().map_err(String::as_str), expect);
    }

    #[test]
    fn tokens_are_replaced_everywhere_in_the_line() {
        check("COPY t FROM '${dir}/a.json' -- ${dir}", Ok("COPY t FROM '/data/a.json' -- /data"));
        check("SET search.beam = ${search.beam};${empty}", Ok("SET search.beam = 64;"));
    }

    #[test]
    fn a_replacement_is_not_read_again() {
        check("${loop}", Ok("${dir}"));
    }

    #[test]
    fn other_dollars_stay() {
        check("$1 $ ${ ${} ${a b} ${1} $${dir}", Ok("$1 $ ${ ${} ${a b} ${1} $/data"));
    }

    #[test]
    fn an_undefined_variable_is_named() {
        check("${dir} ${nowhere}", Err("nowhere"));
        let message = Undefined { name: "nowhere".to_owned() }.to_string();
        assert_eq!(message, "variable ${nowhere} is not defined; define it with --set nowhere=VALUE");
    }

    #[test]
    fn names_are_words_joined_by_points() {
        assert!(["a", "_b1", "search.beam"].into_iter().all(is_name));
        assert!(!["", "1a", "a-b", "a.", ".a", "a b"].into_iter().any(is_name));
    }
}
