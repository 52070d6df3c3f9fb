//! Listens, serves, and ends in good order.

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

use crate::admin::{self, Exporter};
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::listener;
use crate::settings::Settings;
use crate::signals::Signals;
use crate::sweeper;
use crate::tls::Certificate;

/// How long workers have to take up connections that were accepted: each does
/// in the next turn of its loop.
const TAKE_UP: Duration = Duration::from_millis(100);

/// Serves `api` until SIGTERM or SIGINT, then finishes what is in flight, in
/// the service and in the database.
///
/// # Errors
///
/// [`Failure::Listen`], [`Failure::System`] and [`Failure::Serve`];
/// [`Failure::Forced`] by a second signal.
pub(crate) async fn until_signal(
    settings: &Settings,
    certificate: Option<Certificate>,
    api: Api,
    database: Database,
    authentication: Authentication,
) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(Failure::System)?;
    let exporter = Exporter::new(api.clone(), database.store());
    let admin = admin::start(&settings.admin, exporter)?;
    let mut server = listen(settings, certificate.as_ref(), api.clone())?;
    let (usage, tokens) = (authentication.keys, authentication.tokens);
    let renewed = certificate.clone();
    let renewal = certificate.map(|certificate| actix_web::rt::spawn(certificate.follow_files()));
    let reload = || {
        info!("SIGHUP: looking for a new certificate and for new keys of the issuer");
        if let Some(certificate) = &renewed {
            certificate.look();
        }
        if let Some(tokens) = &tokens {
            tokens.refresh();
        }
    };
    // Until the end, so that the end can be watched.
    let _admin = admin.map(|(server, address)| {
        announce(&format!("metrics on http://{address}/metrics"));
        actix_web::rt::spawn(server)
    });
    let sweeper = actix_web::rt::spawn(sweeper::run(database.store(), SystemClock, usage.clone()));
    tokio::select! {
        ended = &mut server => {
            return Err(Failure::Serve(ended.err().unwrap_or_else(|| io::ErrorKind::Other.into())));
        }
        signal = signals.next(&reload) => info!(%signal, "ending: finishing the requests in flight"),
    }
    let drain = async {
        api.start_draining();
        sweeper.abort();
        if let Some(renewal) = &renewal {
            renewal.abort();
        }
        let handle = server.handle();
        let stop = async {
            // Whoever spreads the load looks at /readyz now and again; until
            // then requests come, and are served.
            sleep(settings.http.drain_delay).await;
            // actix drops connections that no worker has taken up when it is
            // told to stop.
            handle.pause().await;
            sleep(TAKE_UP).await;
            handle.stop(true).await;
        };
        // The server obeys while it is polled.
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
            // The last one to drop the store would wait for its threads.
            mem::forget(api.clone());
            Err(Failure::Forced(signal))
        }
    }
}

/// Starts to accept connections, and tells on standard output where.
fn listen(
    settings: &Settings,
    certificate: Option<&Certificate>,
    api: Api,
) -> Result<Server, Failure> {
    let (tls, scheme) = match certificate {
        Some(certificate) => (Some(certificate.server_config()?), "https"),
        None => (None, "http"),
    };
    let (address, bound) = match listener::inherited().map_err(Failure::Inherited)? {
        Some((address, _)) if !settings.http.may_serve(address) => {
            return Err(Failure::Strangers(address));
        }
        Some(inherited) => inherited,
        None => {
            let address = settings.http.listen;
            let bound = listener::bind(address);
            let bound = bound.and_then(|bound| Ok((bound.local_addr()?, bound)));
            bound.map_err(|cause| Failure::Listen { address, cause })?
        }
    };
    let server = listener::serve(settings, tls, bound, api).map_err(Failure::System)?;
    info!(%address, "listening");
    announce(&format!("listening on {scheme}://{address}"));
    Ok(server)
}

/// Standard output is how whoever started the service learns the port; nobody
/// need be there to read it.
fn announce(line: &str) {
    let mut output = io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        warn!(%error, "cannot write to standard output: {line}");
    }
}

/// Waits for the store's threads without blocking this one, which must hear
/// the second signal.
async fn close(database: Database) -> Result<(), Failure> {
    let (sender, closed) = oneshot::channel();
    let thread = thread::Builder::new().name("close".to_owned());
    thread
        .spawn(move || {
            database.close();
            // A second signal has ended the process if nobody listens.
            let _ = sender.send(());
        })
        .map_err(Failure::System)?;
    closed
        .await
        .map_err(|_| Failure::System(io::ErrorKind::Other.into()))
}
