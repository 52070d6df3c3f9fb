//! Interrupted migrations: the next run continues, and `check` reports no damage.

use byline_persistence::{DatabaseUrl, OpenError, check, migrations};

use crate::support::servers::{Engine, on_each_server, shared};

on_each_server! {
    an_interrupted_migration_is_completed,
}

/// A migration that creates an index.
const VERSION: &str = "20261123000210";

fn an_interrupted_migration_is_completed(engine: Engine) {
    let Some(server) = shared(engine) else { return };
    let schema = server.schema();
    let url = schema.url();
    migrations::migrate(&url).unwrap();
    let mut admin = schema.admin();
    let unnoted = format!("DELETE FROM __diesel_schema_migrations WHERE version = '{VERSION}'");
    // The client was killed before the server had created the index, and after that.
    for undo in ["DROP INDEX users_by_name ON users", "DO 1"] {
        admin.run(undo);
        admin.run(&unnoted);
        let Err(error @ OpenError::SchemaTooOld { .. }) = check(&url) else {
            panic!("it is complete, or damaged");
        };
        assert!(error.to_string().contains("bylinectl migrate"), "{error}");
        let done = migrations::migrate(&url).unwrap();
        assert!(
            done.iter().all(|name| name.starts_with(VERSION)),
            "{done:?}"
        );
        is_sound(&url);
    }
}

fn is_sound(url: &DatabaseUrl) {
    assert_eq!(check(url).unwrap(), Vec::<String>::new());
    assert_eq!(
        migrations::status(url).unwrap().pending,
        Vec::<String>::new()
    );
}
