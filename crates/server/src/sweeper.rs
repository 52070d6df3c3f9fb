//! Forgetting what was kept long enough: answers to requests with a key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use byline_application::idempotency::{self, SWEPT_AT_ONCE};
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
pub(crate) async fn run(store: Arc<dyn Store>, clock: impl Clock) {
    loop {
        match sweep(store.as_ref(), &clock).await {
            Ok(swept) if swept >= SWEPT_AT_ONCE => sleep(PAUSE).await,
            Ok(swept) => {
                debug!(swept, "swept idempotency keys");
                sleep(INTERVAL).await;
            }
            Err(error) => {
                warn!(%error, "cannot sweep idempotency keys; trying again later");
                sleep(INTERVAL).await;
            }
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
