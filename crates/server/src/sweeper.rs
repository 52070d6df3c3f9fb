//! What is done now and again: answers to requests with a key are forgotten when
//! they were kept long enough, and the last uses of API keys are stored.

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::idempotency::{self, SWEPT_AT_ONCE};
use byline_application::keys::{self, KeyUsage};
use byline_application::{AppError, Clock, Store};
use tokio::time::sleep;
use tracing::{debug, warn};

/// Between two looks at whether anything is old enough.
const INTERVAL: Duration = Duration::from_secs(60);

/// Between two portions of what is: others who wait to write come first.
const PAUSE: Duration = Duration::from_millis(20);

/// How long a portion may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sweeps now and again, a small portion at a time, each as a write of its own
/// among all the others. Never ends.
pub(crate) async fn run(store: Arc<dyn Store>, clock: impl Clock, usage: Option<Arc<KeyUsage>>) {
    loop {
        match sweep(store.as_ref(), &clock).await {
            Ok(swept) if swept >= SWEPT_AT_ONCE => sleep(PAUSE).await,
            Ok(swept) => {
                debug!(swept, "swept idempotency keys");
                rest(store.as_ref(), usage.as_deref()).await;
            }
            Err(error) => {
                warn!(%error, "cannot sweep idempotency keys; trying again later");
                rest(store.as_ref(), usage.as_deref()).await;
            }
        }
    }
}

async fn rest(store: &dyn Store, usage: Option<&KeyUsage>) {
    sleep(INTERVAL).await;
    if let Some(usage) = usage {
        store_uses(store, usage).await;
    }
}

/// Stores when keys were last used. What cannot be stored is forgotten: the next
/// use of the key tells as much.
pub(crate) async fn store_uses(store: &dyn Store, usage: &KeyUsage) {
    for uses in usage.take() {
        let stored = store
            .write(Instant::now() + PATIENCE, move |session| {
                keys::store_uses(session, &uses)
            })
            .await;
        if let Err(error) = stored {
            warn!(%error, "cannot store when keys were last used");
            return;
        }
    }
}

async fn sweep(store: &dyn Store, clock: &impl Clock) -> Result<u16, AppError> {
    let now = clock.now();
    store
        .write(Instant::now() + PATIENCE, move |session| {
            idempotency::sweep(session, now)
        })
        .await
}
