//! Which crate may depend on which.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::source::root;

/// Which of our crates each of ours may use.
const OURS: [(&str, &[&str]); 6] = [
    ("argtop-query", &[]),
    ("argtop-storage", &[]),
    ("argtop", &["argtop-query", "argtop-storage"]),
    ("argtop-cli", &["argtop"]),
    ("argtop-tests", &["argtop", "argtop-query", "argtop-storage"]),
    ("argtop-benches", &["argtop", "argtop-query"]),
];

/// Crates that only one of ours may depend on.
const OWNED: [(&str, &str); 6] = [
    ("rocksdb", "argtop-storage"),
    ("faiss", "argtop"),
    ("faiss-sys", "argtop"),
    ("ort", "argtop"),
    ("tokenizers", "argtop"),
    ("tantivy", "argtop"),
];

/// All that the pure crate needs.
const QUERY_USES: [&str; 4] = ["jiff", "nom", "nom_locate", "thiserror"];

/// Crates that talk to a network, or exist for those that do.
const NETWORK: [&str; 18] = [
    "attohttpc",
    "curl",
    "h2",
    "hf-hub",
    "hyper",
    "isahc",
    "mio",
    "minreq",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "socket2",
    "surf",
    "tokio",
    "tungstenite",
    "ureq",
];

/// Packages and what each uses when it is built and run, by name.
#[derive(Default)]
struct Graph {
    /// What the manifests of our crates name, development included.
    direct: BTreeMap<String, BTreeSet<String>>,
    /// As `direct`, without development.
    normal: BTreeMap<String, BTreeSet<String>>,
    /// What is resolved for every package, without development.
    resolved: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn of(metadata: &Metadata) -> Graph {
        let mut graph = Graph::default();
        for package in metadata.workspace_packages() {
            let name = package.name.to_string();
            for dependency in &package.dependencies {
                graph.direct.entry(name.clone()).or_default().insert(dependency.name.clone());
                if dependency.kind != DependencyKind::Development {
                    graph.normal.entry(name.clone()).or_default().insert(dependency.name.clone());
                }
            }
        }
        let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves");
        for node in &resolve.nodes {
            let uses = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal)
            });
            let names = uses.map(|dependency| metadata[&dependency.pkg].name.to_string());
            graph.resolved.entry(metadata[&node.id].name.to_string()).or_default().extend(names);
        }
        graph
    }

    /// Everything below a package, each with the package that brings it in.
    fn below(&self, name: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut open = vec![name.to_string()];
        while let Some(user) = open.pop() {
            for used in self.resolved.get(&user).into_iter().flatten() {
                if found.insert(used.clone(), user.clone()).is_none() {
                    open.push(used.clone());
                }
            }
        }
        found
    }

    fn violations(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let ours: BTreeSet<&str> = OURS.iter().map(|(name, _)| *name).collect();
        for (name, uses) in &self.direct {
            let allowed = OURS.iter().find(|(ours, _)| ours == name).map_or(&[][..], |(_, allowed)| allowed);
            for used in uses.iter().filter(|used| ours.contains(used.as_str())) {
                if !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{name} must not depend on {used}"));
                }
            }
            for (owned, owner) in OWNED.iter().filter(|(owned, _)| uses.contains(*owned)) {
                if name != owner {
                    wrong.push(format!("{name} must not depend on {owned}: only {owner} does"));
                }
            }
        }
        for used in self.normal.get("argtop-query").into_iter().flatten() {
            if !QUERY_USES.contains(&used.as_str()) {
                wrong.push(format!("argtop-query must not depend on {used}: it is pure"));
            }
        }
        for (used, user) in self.below("argtop").into_iter().chain(self.below("argtop-cli")) {
            if NETWORK.contains(&used.as_str()) {
                wrong.push(format!("{user} brings in {used}, which talks to a network"));
            }
        }
        wrong.dedup();
        wrong
    }
}

fn metadata() -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(root().join("Cargo.toml"));
    // What other systems would need is not downloaded.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let options = ["--locked", "--offline", "--filter-platform", &platform];
    command.other_options(options.map(ToString::to_string));
    command.exec().expect("cargo metadata runs")
}

#[test]
fn crates_depend_as_the_architecture_says() {
    let graph = Graph::of(&metadata());
    let names: Vec<&str> = graph.direct.keys().map(String::as_str).collect();
    let mut expected: Vec<&str> = OURS.iter().map(|(name, _)| *name).collect();
    expected.sort_unstable();
    assert_eq!(names, expected, "a crate of the workspace has no rule");
    assert!(graph.below("argtop").len() > 50, "the graph was not resolved");
    let violations = graph.violations();
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn wrong_dependencies_are_found() {
    let edges = |edges: &[(&str, &str)]| {
        let mut map: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (user, used) in edges {
            map.entry((*user).to_string()).or_default().insert((*used).to_string());
        }
        map
    };
    let direct = edges(&[
        ("argtop-query", "argtop-storage"),
        ("argtop-cli", "argtop"),
        ("argtop-cli", "argtop-query"),
        ("argtop", "rocksdb"),
        ("argtop-storage", "rocksdb"),
    ]);
    let graph = Graph {
        direct,
        normal: edges(&[("argtop-query", "nom"), ("argtop-query", "memmap2")]),
        resolved: edges(&[("argtop", "fetcher"), ("fetcher", "ureq"), ("other", "reqwest")]),
    };
    let expected = [
        "argtop must not depend on rocksdb: only argtop-storage does",
        "argtop-cli must not depend on argtop-query",
        "argtop-query must not depend on argtop-storage",
        "argtop-query must not depend on memmap2: it is pure",
        "fetcher brings in ureq, which talks to a network",
    ];
    assert_eq!(graph.violations(), expected);
}
