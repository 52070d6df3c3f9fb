//! Periodic work: deletes expired idempotency keys, and stores when API keys were
//! last used.

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::idempotency::{self, SWEPT_AT_ONCE};
use byline_application::keys::{self, KeyUsage};
use byline_application::{Clock, Store};
use tokio::time::sleep;
use tracing::{debug, warn};

/// The pause between two rounds.
const INTERVAL: Duration = Duration::from_secs(60);

/// The pause between two portions of a round, for the writes of requests.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a portion may wait in the queue.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// Works in small portions, each a write of its own. Never ends.
pub(crate) async fn run(store: Arc<dyn Store>, clock: impl Clock, usage: Option<Arc<KeyUsage>>) {
    loop {
        let now = clock.now();
        let swept = store
            .write(Instant::now() + QUEUE_TIMEOUT, move |session| {
                idempotency::sweep(session, now)
            })
            .await;
        match swept {
            Ok(swept) if swept >= SWEPT_AT_ONCE => {
                sleep(PAUSE).await;
                continue;
            }
            Ok(swept) => debug!(swept, "swept idempotency keys"),
            Err(error) => warn!(%error, "cannot sweep idempotency keys; trying again later"),
        }
        sleep(INTERVAL).await;
        if let Some(usage) = &usage {
            store_uses(store.as_ref(), usage).await;
        }
    }
}

/// Stores when API keys were last used. Uses that cannot be stored are dropped: the
/// next use of the key replaces them.
pub(crate) async fn store_uses(store: &dyn Store, usage: &KeyUsage) {
    for uses in usage.take() {
        let stored = store
            .write(Instant::now() + QUEUE_TIMEOUT, move |session| {
                keys::store_uses(session, &uses)
            })
            .await;
        if let Err(error) = stored {
            warn!(%error, "cannot store when keys were last used");
            return;
        }
    }
}
