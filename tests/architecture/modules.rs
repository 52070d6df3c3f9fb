//! Rules about the modules inside each crate: no circle of imports, one style of
//! files, one meaning for each name.
//!
//! Reads the sources as text, so it sees imports (`use`, and paths that begin
//! with `crate` or `super`) and definitions, not what macros make of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module's path below its crate, such as `["mysql", "connection"]`.
type ModulePath = Vec<String>;

/// Modules that import each other, with one import as an example of each edge.
type Edges = BTreeMap<(String, String), String>;

/// Circles that are left, each with the reason why it is.
const CIRCLES: &[(&str, &[&str])] = &[];

/// Types that have the name of another one in the same crate, because both stand
/// for the same thing on two engines.
const TWINS: &[(&str, &str)] = &[
    ("persistence", "Connection"),
    ("persistence", "EngineTable"),
    ("persistence", "Manager"),
    ("persistence", "Pool"),
    ("persistence", "ThreadConnection"),
];

/// Names that said nothing to a reader who did not know this code, and what they
/// are called now. See CONTRIBUTING.md, "Names".
const RETIRED: &[(&str, &str)] = &[
    ("Ahead", "Before"),
    ("Allowance", "QuotaStatus"),
    ("Arrival", "RequestMeta"),
    ("Asked", "Inner"),
    ("Behind", "After"),
    ("Busy", "ServingGuard"),
    ("Call", "RequestContext"),
    ("Claim", "IdempotentRequest"),
    ("Course", "ImportState"),
    ("Crew", "ThreadCounters"),
    ("culprit", "error_pointer"),
    ("Desk", "WorkerContext"),
    ("Done", "OperationOutcome"),
    ("Door", "BlockingStore"),
    ("elsewhere", "not_found"),
    ("enclose", "handle"),
    ("Ended", "WriteResult"),
    ("envelope", "request_context"),
    ("Facts", "HttpCounters"),
    ("Fault", "FieldError"),
    ("Faults", "ErrorReport"),
    ("Fence", "CancelSignal"),
    ("Gate", "RateLimits"),
    ("Glance", "PeekStore"),
    ("Grant", "NewApiKey"),
    ("Hold", "RowLock"),
    ("holds", "check"),
    ("insert_posts_anew", "insert_with_new_ids"),
    ("insert_users_anew", "insert_with_new_ids"),
    ("joins", "identity_to_link"),
    ("Lane", "QueueCounters"),
    ("LaneMetrics", "QueueMetrics"),
    ("Lease", "ThreadConnection"),
    ("Meaning", "ErrorKind"),
    ("Meters", "StoreCounters"),
    ("Origin", "InsertMarker"),
    ("Place", "Slot"),
    ("Plan", "ImportPlan"),
    ("Position", "KeysetPosition"),
    ("posts_alike", "find_conflicting"),
    ("Prefix", "PrefixHasher"),
    ("Pulse", "ConnectionPhase"),
    ("Refusal", "CredentialError"),
    ("refuse_strangers", "require_auth_off_loopback"),
    ("Rehearsal", "DryRunDatabase"),
    ("retire_ids", "advance_id_sequence"),
    ("Rhythm", "RefreshPolicy"),
    ("Rule", "RowContext"),
    ("seal", "set_default_headers"),
    ("see_through", "run_with_retries"),
    ("Sender", "Requester"),
    ("Sight", "ProbeResult"),
    ("Span", "KeysetWindow"),
    ("Spent", "JobTiming"),
    ("Stall", "WriteStall"),
    ("Standing", "NodePreference"),
    ("Subject", "EntityRef"),
    ("Tally", "ImportCounts"),
    ("Terms", "RouteOptions"),
    ("There", "Existing"),
    ("Ticket", "QueuedJob"),
    ("users_alike", "find_conflicting"),
    ("Visit", "RateLimitKey"),
    ("Vitals", "HealthState"),
    ("Walk", "IndexScan"),
    ("Wishes", "WriteOptions"),
    ("WorkerMeters", "WorkerCounters"),
];

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut found = BTreeMap::new();
    for (name, folder) in crates() {
        for (parent, edges) in sibling_edges(&modules(&folder)) {
            for circle in circles(&edges) {
                let place = format!("{name}: {}", parent.join("::"));
                let examples: Vec<_> = edges
                    .iter()
                    .filter(|((from, to), _)| circle.contains(from) && circle.contains(to))
                    .map(|((from, to), example)| format!("{from} -> {to}: {example}"))
                    .collect();
                found.insert((place, circle), examples);
            }
        }
    }
    let known = |place: &str, circle: &BTreeSet<String>| {
        CIRCLES.iter().any(|(known, members)| {
            *known == place
                && circle
                    .iter()
                    .map(String::as_str)
                    .eq(members.iter().copied())
        })
    };
    found.retain(|(place, circle), _| !known(place, circle));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn circles_are_found() {
    let edges = |pairs: &[(&str, &str)]| -> Edges {
        pairs
            .iter()
            .map(|(from, to)| (((*from).to_owned(), (*to).to_owned()), String::new()))
            .collect()
    };
    assert!(circles(&edges(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let found = circles(&edges(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]));
    assert_eq!(
        found,
        [BTreeSet::from(["b".to_owned(), "c".to_owned()])],
        "b and c import each other"
    );
}

#[test]
fn imports_are_read() {
    let module = ["list".to_owned(), "sort".to_owned()];
    let text = "use super::query::{self, Query};\nuse crate::{Api, problem::{Code, Problem}};\nlet x = crate::time::now();";
    let found: Vec<_> = imports(&module, text).map(|path| path.join("::")).collect();
    for expected in [
        "list::query::self",
        "list::query::Query",
        "Api",
        "problem::Code",
        "problem::Problem",
        "time::now",
    ] {
        assert!(
            found.iter().any(|path| path == expected),
            "{expected} in {found:?}"
        );
    }
}

#[test]
fn a_module_with_children_is_a_file_beside_their_folder() {
    for (name, folder) in crates() {
        let files = modules(&folder);
        let wrong: Vec<_> = files
            .values()
            // `#[path]` mounts it, and looks for its children beside it.
            .filter(|file| !file.path.ends_with("repository/mod.rs"))
            .filter(|file| file.path.ends_with("mod.rs"))
            .map(|file| &file.path)
            .collect();
        assert!(
            wrong.is_empty(),
            "{name}: `name.rs` beside `name/`, not {wrong:?}"
        );
    }
}

#[test]
fn no_two_types_of_a_crate_share_a_name() {
    let mut twice = Vec::new();
    for (name, folder) in crates() {
        let mut seen: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in modules(&folder).into_values() {
            for defined in types(&file.text) {
                seen.entry(defined).or_default().push(file.path.clone());
            }
        }
        seen.retain(|defined, files| {
            files.len() > 1 && !TWINS.contains(&(name.as_str(), defined.as_str()))
        });
        twice.extend(seen);
    }
    assert!(twice.is_empty(), "{twice:#?}");
}

#[test]
fn no_retired_name_is_defined() {
    let mut found = Vec::new();
    for (_, folder) in crates() {
        for file in modules(&folder).into_values() {
            for defined in types(&file.text).chain(functions(&file.text)) {
                if let Some((old, new)) = RETIRED.iter().find(|(old, _)| *old == defined) {
                    found.push(format!("{}: {old}, now {new}", file.path.display()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// A source file, without comments, strings and its test module.
struct Source {
    path: PathBuf,
    text: String,
}

/// The crates of the workspace by the names of their folders.
fn crates() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, entry.path().join("src"))
        })
        .collect()
}

/// All modules below `folder` that are no tests.
fn modules(folder: &Path) -> BTreeMap<ModulePath, Source> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if matches!(name, "tests" | "fuzzing" | "query_plan_tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let below = path.strip_prefix(folder).unwrap().with_extension("");
            let mut module: ModulePath = below
                .components()
                .map(|part| part.as_os_str().to_str().unwrap().to_owned())
                .collect();
            if module.len() == 1 && matches!(name, "lib" | "main") || name == "mod" {
                module.pop();
            }
            let text = code(&fs::read_to_string(&path).unwrap());
            found.insert(module, Source { path, text });
        }
    }
    found
}

/// The lines of `text` that are neither comments nor in the test module at its end.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines();
    lines
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What `text`, the source of `module`, imports from its own crate.
fn imports<'a>(module: &'a [String], text: &'a str) -> impl Iterator<Item = ModulePath> + 'a {
    let trees = text.split("use ").skip(1).filter_map(|rest| {
        let (tree, _) = rest.split_once(';')?;
        Some(flatten(tree))
    });
    let inline = ["crate::", "super::"].iter().flat_map(move |start| {
        text.match_indices(start).map(move |(at, _)| {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let rest = &text[at..];
            let end = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
            vec![rest[..end].trim_end_matches(':').to_owned()]
        })
    });
    trees
        .chain(inline)
        .flatten()
        .filter_map(move |path| absolute(module, &path))
}

/// The paths of a `use` tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn flatten(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((start, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or(tree).trim().to_owned()];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
    let (mut depth, mut from, mut parts) = (0_u32, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[from..]);
    parts
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .flat_map(flatten)
        .map(|part| format!("{}{part}", start.trim()))
        .collect()
}

/// `path` below the crate, if it is one of this crate.
fn absolute(module: &[String], path: &str) -> Option<ModulePath> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut base = match *parts.peek()? {
        "crate" => {
            parts.next();
            Vec::new()
        }
        "self" => {
            parts.next();
            module.to_vec()
        }
        "super" => module.to_vec(),
        _ => return None,
    };
    while parts.next_if_eq(&"super").is_some() {
        base.pop();
    }
    base.extend(parts.map(str::to_owned));
    Some(base)
}

/// Which children of each module import which of their siblings, wherever below
/// them the import stands. A module and its own parent are no circle.
fn sibling_edges(modules: &BTreeMap<ModulePath, Source>) -> BTreeMap<ModulePath, Edges> {
    let mut found: BTreeMap<ModulePath, Edges> = BTreeMap::new();
    for (module, source) in modules {
        for path in imports(module, &source.text) {
            let target = (1..=path.len())
                .rev()
                .map(|length| &path[..length])
                .find(|prefix| modules.contains_key(*prefix));
            let Some(target) = target else { continue };
            let shared = module
                .iter()
                .zip(target)
                .take_while(|(a, b)| a == b)
                .count();
            if let (Some(from), Some(to)) = (module.get(shared), target.get(shared)) {
                let example = format!("{} imports {}", source.path.display(), path.join("::"));
                found
                    .entry(module[..shared].to_vec())
                    .or_default()
                    .insert((from.clone(), to.clone()), example);
            }
        }
    }
    found
}

/// The sets of modules that reach each other.
fn circles(edges: &Edges) -> Vec<BTreeSet<String>> {
    let names: BTreeSet<_> = edges.keys().flat_map(|(from, to)| [from, to]).collect();
    let reached = |start: &String| {
        let mut reached = BTreeSet::new();
        let mut next = vec![start];
        while let Some(name) = next.pop() {
            for (_, to) in edges.keys().filter(|(from, _)| from == name) {
                if reached.insert(to.clone()) {
                    next.push(to);
                }
            }
        }
        reached
    };
    let reach: BTreeMap<_, _> = names.iter().map(|name| (*name, reached(name))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for name in names {
        if !reach[name].contains(name) || found.iter().any(|circle| circle.contains(name)) {
            continue;
        }
        let back = |other: &&String| reach[*other].contains(name);
        found.push(
            reach
                .keys()
                .copied()
                .filter(|other| reach[name].contains(*other))
                .filter(back)
                .cloned()
                .collect(),
        );
    }
    found
}

/// The names of the types that are defined at the left margin of `text`.
fn types(text: &str) -> impl Iterator<Item = String> {
    defined(text, &["struct ", "enum ", "trait ", "type "], false)
}

/// The names of the functions and methods that are defined in `text`.
fn functions(text: &str) -> impl Iterator<Item = String> {
    defined(text, &["fn "], true)
}

fn defined(text: &str, kinds: &[&str], indented: bool) -> impl Iterator<Item = String> {
    text.lines().filter_map(move |line| {
        if line.starts_with(' ') && !indented {
            return None;
        }
        let line = line.trim_start();
        let line = match line.strip_prefix("pub(") {
            Some(rest) => rest.split_once(") ")?.1,
            None => line.strip_prefix("pub ").unwrap_or(line),
        };
        let line = ["const ", "async "]
            .iter()
            .fold(line, |line, word| line.strip_prefix(word).unwrap_or(line));
        let rest = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        Some(rest[..end].to_owned())
    })
}
