//! Rules about the workspace itself.

mod entities;
mod modules;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Each package of the workspace and those it may depend on. Dependencies point
/// inward only.
const INWARD: [(&str, &[&str]); 9] = [
    ("byline-domain", &[]),
    ("byline-application", &["byline-domain"]),
    (
        "byline-persistence",
        &["byline-application", "byline-domain"],
    ),
    ("byline-http", &["byline-application", "byline-domain"]),
    ("byline-tokens", &["byline-application", "byline-domain"]),
    ("byline-cli", &[]),
    (
        "byline",
        &[
            "byline-application",
            "byline-cli",
            "byline-domain",
            "byline-http",
            "byline-persistence",
            "byline-tokens",
        ],
    ),
    (
        "bylinectl",
        // The document of the interface is printed by `bylinectl` too.
        &[
            "byline-application",
            "byline-cli",
            "byline-domain",
            "byline-http",
            "byline-persistence",
            "byline-tokens",
        ],
    ),
    ("byline-e2e", &[]),
];

/// Libraries by the beginning of their names, and the only packages that may
/// depend on them.
const KEPT: [(&str, &[&str]); 5] = [
    ("diesel", &["byline-persistence"]),
    ("mysql_async", &["byline-persistence"]),
    ("libsqlite3-sys", &["byline-persistence"]),
    ("actix", &["byline-http", "byline"]),
    ("clap", &["byline-cli", "byline", "bylinectl"]),
];

/// All that the innermost package may depend on: no I/O, no serialisation.
const OF_DOMAIN: [&str; 2] = ["jiff", "thiserror"];

/// What is against the rules about `package` depending on `dependency`.
fn violation(package: &str, dependency: &str) -> Option<String> {
    let Some((_, allowed)) = INWARD.iter().find(|(name, _)| *name == package) else {
        return Some(format!(
            "{package} is new: say in INWARD what it may depend on"
        ));
    };
    let ours = INWARD.iter().any(|(name, _)| *name == dependency);
    let kept = KEPT.iter().find(|(name, _)| dependency.starts_with(name));
    let fine = match kept {
        _ if ours => allowed.contains(&dependency),
        Some((_, keepers)) => keepers.contains(&package),
        None => package != "byline-domain" || OF_DOMAIN.contains(&dependency),
    };
    (!fine).then(|| format!("{package} must not depend on {dependency}"))
}

/// What `package` needs to be built; what only its tests need is its own
/// affair.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    let built = package.dependencies.iter();
    built
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
}

#[test]
fn dependencies_point_inward() {
    let metadata = MetadataCommand::new()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .no_deps()
        .exec()
        .unwrap();
    let packages = metadata.workspace_packages();
    let names: BTreeSet<_> = packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(
        names,
        INWARD.iter().map(|(name, _)| *name).collect(),
        "INWARD is out of date"
    );
    let violations: Vec<_> = packages
        .iter()
        .flat_map(|package| dependencies(package).filter_map(|name| violation(&package.name, name)))
        .collect();
    assert!(violations.is_empty(), "{violations:#?}");
}

#[test]
fn the_rules_bite() {
    for (package, dependency) in [
        ("byline-domain", "byline-application"),
        ("byline-domain", "serde"),
        ("byline-application", "byline-persistence"),
        ("byline-application", "diesel"),
        ("byline-persistence", "byline-http"),
        ("byline-http", "byline-persistence"),
        ("byline-http", "diesel_migrations"),
        ("byline", "diesel"),
        ("bylinectl", "actix-web"),
        ("byline-persistence", "actix-rt"),
        ("byline-surprise", "serde"),
    ] {
        assert!(
            violation(package, dependency).is_some(),
            "{package} on {dependency}"
        );
    }
    assert_eq!(violation("byline-http", "actix-web"), None);
    assert_eq!(violation("byline", "byline-http"), None);
}

#[test]
fn every_engine_has_the_same_migrations() {
    let entries = |folder: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let engines = entries(&folder);
    let of_sqlite = entries(&folder.join("sqlite"));
    assert!(!of_sqlite.is_empty());
    for engine in engines {
        let folder = folder.join(engine);
        assert_eq!(entries(&folder), of_sqlite, "{}", folder.display());
        for migration in &of_sqlite {
            let files = entries(&folder.join(migration));
            assert!(
                files.contains("up.sql"),
                "{migration} of {}",
                folder.display()
            );
        }
    }
}
