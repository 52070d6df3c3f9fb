//! Listens, serves, and shuts down.

use std::io::{self, Write};
use std::mem;
use std::thread;
use std::time::Duration;

use actix_server::Server;
use byline_application::Authentication;
use byline_http::Api;
use byline_persistence::Database;
use tokio::sync::oneshot;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::admin;
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::listener;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::sweeper;
use crate::tls::Certificate;

/// How long workers have to take over accepted connections: each does so in the next
/// iteration of its loop.
const HANDOVER: Duration = Duration::from_millis(100);

/// Serves `api` until SIGTERM or SIGINT, then finishes the requests in flight and
/// closes the database.
///
/// # Errors
///
/// The listeners cannot be started, or the server fails; [`Failure::Forced`] after a
/// second signal.
pub(crate) async fn until_signal(
    settings: &Settings,
    certificate: Option<Certificate>,
    api: Api,
    database: Database,
    authentication: Authentication,
) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(Failure::System)?;
    let admin = admin::start(&settings.admin, api.clone(), database.store())?;
    let mut server = listen(settings, certificate.as_ref(), api.clone())?;
    let (usage, tokens) = (authentication.keys, authentication.tokens);
    let followed = certificate.clone();
    let follower = followed.map(|certificate| actix_web::rt::spawn(certificate.follow_files()));
    let reload = || {
        info!("SIGHUP: looking for a new certificate and for new keys of the issuer");
        if let Some(certificate) = &certificate {
            certificate.reload();
        }
        if let Some(tokens) = &tokens {
            tokens.refresh();
        }
    };
    // Until the process ends, so that operators can watch the shutdown.
    let _admin = admin.map(|(server, address)| {
        announce(&format!("metrics on http://{address}/metrics"));
        actix_web::rt::spawn(server)
    });
    let sweeper = actix_web::rt::spawn(sweeper::run(database.store(), SystemClock, usage.clone()));
    tokio::select! {
        ended = &mut server => {
            return Err(Failure::Serve(ended.err().unwrap_or_else(|| io::ErrorKind::Other.into())));
        }
        signal = signals.next(&reload) => {
            info!(signal = signal.name, "ending: finishing the requests in flight");
        }
    }
    let drain = async {
        api.start_draining();
        sweeper.abort();
        if let Some(follower) = &follower {
            follower.abort();
        }
        let handle = server.handle();
        let stop = async {
            // Load balancers send requests until their next check of /readyz.
            sleep(settings.http.drain_delay).await;
            // When it stops, actix drops connections that no worker has taken over.
            handle.pause().await;
            sleep(HANDOVER).await;
            handle.stop(true).await;
        };
        // The server handles commands only while it is polled.
        let (ended, ()) = tokio::join!(server, stop);
        ended.map_err(Failure::Serve)?;
        if let Some(usage) = usage {
            sweeper::store_uses(database.store().as_ref(), &usage).await;
        }
        close(database).await?;
        info!("ended");
        Ok(())
    };
    tokio::select! {
        ended = drain => ended,
        signal = signals.next(&reload) => {
            // Dropping the last reference to the store would wait for its threads.
            mem::forget(api.clone());
            Err(Failure::Forced(signal))
        }
    }
}

/// Starts to accept connections, and prints the address on standard output.
fn listen(
    settings: &Settings,
    certificate: Option<&Certificate>,
    api: Api,
) -> Result<Server, Failure> {
    let (tls, scheme) = match certificate {
        Some(certificate) => (Some(certificate.server_config()?), "https"),
        None => (None, "http"),
    };
    let bound = match listener::inherited().map_err(Failure::Inherited)? {
        Some(inherited) => inherited,
        None => {
            let address = settings.http.listen;
            listener::bind(address).map_err(|cause| Failure::Listen { address, cause })?
        }
    };
    let address = bound.local_addr().map_err(Failure::System)?;
    // The address of an inherited socket is not known before.
    if !settings.http.may_serve(address) {
        return Err(Failure::NoAuthentication(address));
    }
    let server = listener::serve(settings, tls, bound, api).map_err(Failure::System)?;
    info!(%address, "listening");
    announce(&format!("listening on {scheme}://{address}"));
    Ok(server)
}

/// Prints a line on standard output, which may be closed.
fn announce(line: &str) {
    let mut output = io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        warn!(%error, "cannot write to standard output: {line}");
    }
}

/// Waits for the store's threads without blocking this one, which waits for the second
/// signal. In a thread of its own, because a runtime waits for its blocking tasks.
async fn close(database: Database) -> Result<(), Failure> {
    let (sender, closed) = oneshot::channel();
    let thread = thread::Builder::new().name("close".to_owned());
    thread
        .spawn(move || {
            database.close();
            // The receiver is gone after a second signal.
            let _ = sender.send(());
        })
        .map_err(Failure::System)?;
    closed
        .await
        .map_err(|_| Failure::System(io::ErrorKind::Other.into()))
}
