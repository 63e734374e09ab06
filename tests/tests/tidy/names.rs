//! Which names may stand where: foreign crates, printing, the environment, panics, unsafe code.

use proc_macro2::TokenTree;

use super::source::{Source, Violation, each_sequence};
use super::{finds, hold};

/// A crate and the only places whose sources name it.
const CRATES: [(&str, &[&str]); 5] = [
    ("rocksdb", &["storage/"]),
    ("faiss_sys", &["engine/src/index/faiss.rs"]),
    ("ort", &["engine/src/model/"]),
    ("tokenizers", &["engine/src/model/", "engine/benches/encoder.rs"]),
    ("tantivy", &["engine/src/index/text/", "engine/benches/words.rs"]),
];

/// Files that may hold unsafe code.
const UNSAFE_FILES: [&str; 7] = [
    "engine/src/index/faiss.rs",
    "engine/src/kernel/gemm.rs",
    "engine/src/kernel/int8.rs",
    "engine/src/kernel/int8/x86.rs",
    "engine/src/kernel/signs.rs",
    "engine/src/kernel/signs/x86.rs",
    "storage/src/map.rs",
];

/// Folders whose sources may print.
const PRINTING: [&str; 5] = ["benches/", "cli/", "tests/", "engine/examples/", "engine/benches/"];

fn starts_with_any(source: &Source, places: &[&str]) -> bool {
    places.iter().any(|place| source.path.starts_with(place))
}

fn word(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, wanted: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Violations for every place of the tokens that `wrong` gives a reason for.
fn each_token(source: &Source, wrong: impl Fn(&[TokenTree], usize) -> Option<String>) -> Vec<Violation> {
    let mut violations = Vec::new();
    each_sequence(source.tokens(), &mut |tokens| {
        for (at, token) in tokens.iter().enumerate() {
            if let Some(what) = wrong(tokens, at) {
                violations.push(source.violation(line_of(token), what));
            }
        }
    });
    violations.sort_by_key(|violation| violation.line);
    violations
}

fn foreign_crates(source: &Source) -> Vec<Violation> {
    each_token(source, |tokens, at| {
        let name = word(tokens.get(at))?;
        let (name, places) = CRATES.iter().find(|(crate_name, _)| *crate_name == name)?;
        (!starts_with_any(source, places)).then(|| format!("only {} may name {name}", places.join(", ")))
    })
}

/// The crate faiss has the name of our module, so that only its paths from the root count.
fn faiss_wrapper(source: &Source) -> Vec<Violation> {
    each_token(source, |tokens, at| {
        let is_path = word(tokens.get(at))? == "faiss" && is_punct(tokens.get(at + 1), ':');
        let within = at > 0 && is_punct(tokens.get(at - 1), ':');
        let ours = source.path.starts_with("engine/src/index/");
        (is_path && !within && !ours).then(|| "only engine/src/index/faiss.rs may name faiss".to_string())
    })
}

fn printing(source: &Source) -> Vec<Violation> {
    if starts_with_any(source, &PRINTING) {
        return Vec::new();
    }
    each_token(source, |tokens, at| {
        let name = word(tokens.get(at))?;
        let prints = ["print", "println", "eprint", "eprintln", "dbg"].contains(&name.as_str());
        (prints && is_punct(tokens.get(at + 1), '!')).then(|| format!("{name}! outside the shell"))
    })
}

fn environment(source: &Source) -> Vec<Violation> {
    if starts_with_any(source, &["cli/", "tests/"]) {
        return Vec::new();
    }
    each_token(source, |tokens, at| {
        let path = word(tokens.get(at))? == "env" && is_punct(tokens.get(at + 1), ':');
        let next = tokens.get(at + 3)?;
        let reads = |name: &str| ["var", "var_os", "vars", "vars_os"].contains(&name);
        let named = match next {
            TokenTree::Group(group) => group.stream().into_iter().any(|token| reads(&token.to_string())),
            token => reads(&token.to_string()),
        };
        (path && named && !source.is_test_line(line_of(&tokens[at])))
            .then(|| "only cli reads environment variables: take it as an option".to_string())
    })
}

fn panics(source: &Source) -> Vec<Violation> {
    if !starts_with_any(source, &["query/src/", "storage/src/"]) {
        return Vec::new();
    }
    each_token(source, |tokens, at| {
        let name = word(tokens.get(at))?;
        let called = at > 0 && is_punct(tokens.get(at - 1), '.');
        // The parser has a method `expect` of its own, which returns an error.
        let handled = is_punct(tokens.get(at + 2), '?') || source.path.starts_with("query/src/parser/");
        let method = called && (name == "unwrap" || name == "expect" && !handled);
        let macros = ["panic", "unreachable", "assert", "assert_eq", "assert_ne"];
        let invoked = macros.contains(&name.as_str()) && is_punct(tokens.get(at + 1), '!');
        let wrong = (method || invoked) && !source.is_test_line(line_of(&tokens[at]));
        wrong.then(|| format!("{name} in a crate that must not panic: return an error"))
    })
}

fn unfinished(source: &Source) -> Vec<Violation> {
    let mut violations = each_token(source, |tokens, at| {
        let name = word(tokens.get(at))?;
        let unfinished = ["todo", "unimplemented"].contains(&name.as_str());
        let ignored = name == "ignore" && at == 0 && is_attribute(source, &tokens[at]);
        if unfinished && is_punct(tokens.get(at + 1), '!') {
            return Some(format!("{name}!"));
        }
        ignored.then(|| "a test that is ignored shows nothing".to_string())
    });
    // The marks are put together here, so that this file does not hold them.
    let marks = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];
    for (number, line) in (1..).zip(source.text.lines()) {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(mark) = words.into_iter().find(|word| marks.contains(word)) {
            violations.push(source.violation(number, format!("{mark}: do it or leave it out")));
        }
    }
    violations
}

/// Whether the token stands right after `#[`.
fn is_attribute(source: &Source, token: &TokenTree) -> bool {
    let start = token.span().start();
    let line = source.text.lines().nth(start.line - 1).unwrap_or_default();
    line.get(..start.column).is_some_and(|before| before.ends_with("#["))
}

fn unsafe_code(source: &Source) -> Vec<Violation> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    each_token(source, |tokens, at| {
        if word(tokens.get(at))? != "unsafe" {
            return None;
        }
        if !UNSAFE_FILES.contains(&source.path.as_str()) {
            return Some(format!("unsafe code belongs into {}", UNSAFE_FILES.join(", ")));
        }
        // A declaration promises nothing; the calls do.
        if word(tokens.get(at + 1)).is_some_and(|next| next == "extern") {
            return None;
        }
        let mut above = line_of(&tokens[at]) - 1;
        // The statement may have begun on the line before.
        if above > 0 && lines[above - 1].ends_with(['=', '(']) {
            above -= 1;
        }
        let comment = lines[..above].iter().rev().take_while(|line| line.starts_with("//"));
        let explained = comment.into_iter().any(|line| line.starts_with("// SAFETY: "));
        (!explained).then(|| "no `// SAFETY:` right above".to_string())
    })
}

#[test]
fn foreign_crates_stay_in_their_places() {
    hold(foreign_crates);
    hold(faiss_wrapper);
    finds(foreign_crates, "engine/src/a.rs", "use rocksdb::DB;\nfn a() { ort::init(); }", &[1, 2]);
    finds(foreign_crates, "storage/src/a.rs", "use rocksdb::DB;\n// faiss_sys\nuse tantivy;", &[3]);
    finds(foreign_crates, "engine/src/index/faiss.rs", "use faiss_sys as sys;\nuse tokenizers::A;", &[2]);
    finds(faiss_wrapper, "engine/src/a.rs", "use super::index::faiss::A;\nuse faiss::Index;", &[2]);
}

#[test]
fn only_the_shell_prints() {
    hold(printing);
    let bad = "/// println!(\"doc\")\nfn a() {\n    println!(\"{}\", 1);\n    if true { dbg!(2); }\n}";
    finds(printing, "engine/src/a.rs", bad, &[3, 4]);
    finds(printing, "cli/src/a.rs", bad, &[]);
}

#[test]
fn only_the_shell_reads_the_environment() {
    hold(environment);
    let bad = "fn a() { std::env::var(\"A\"); }\nuse std::env::{args, var_os};\n\
               fn b() { std::env::args(); }";
    finds(environment, "engine/src/a.rs", bad, &[1, 2]);
    finds(environment, "cli/src/a.rs", bad, &[]);
    finds(environment, "storage/src/a.rs", "#[cfg(test)]\nfn a() { std::env::vars(); }", &[]);
}

#[test]
fn query_and_storage_do_not_panic() {
    hold(panics);
    let bad = "fn a() {\n    b().unwrap();\n    let expect = 1;\n    c().expect(\"c\");\n    \
               panic!(\"d\");\n}\n#[cfg(test)]\nmod tests { fn e() { f().unwrap() } }";
    finds(panics, "query/src/a.rs", bad, &[2, 4, 5]);
    finds(panics, "engine/src/a.rs", bad, &[]);
    finds(panics, "storage/src/tests/a.rs", bad, &[]);
}

#[test]
fn nothing_is_left_unfinished() {
    hold(unfinished);
    let first = concat!("// FIX", "ME later\n");
    let bad = "fn a() { todo!() }\n#[ignore]\nfn b() {}\n#[ignore = \"x\"]\nfn c() { ignore(1) }";
    finds(unfinished, "cli/src/a.rs", &format!("{first}{bad}"), &[2, 3, 5, 1]);
}

#[test]
fn unsafe_code_is_in_named_files_and_explained() {
    hold(unsafe_code);
    let good = "// SAFETY: it is.\nunsafe impl Send for A {}\nunsafe extern \"C\" {}\nfn a() {\n    \
                // SAFETY: so\n    // and so.\n    let b =\n        unsafe { c() };\n}";
    finds(unsafe_code, "storage/src/map.rs", good, &[]);
    finds(unsafe_code, "storage/src/map.rs", "// It is.\nfn a() { unsafe { b() } }", &[2]);
    finds(unsafe_code, "cli/src/a.rs", "// SAFETY: it is.\nunsafe impl Send for A {}", &[2]);
}
