//! Accepts connections and serves the requests on them.

use std::future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request};
use actix_server::{GracefulShutdownSignal, Server, ServerBuilder};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service,
    map_config,
};
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_tls::accept::{TlsError, max_concurrent_tls_connect};
use actix_web::dev::AppConfig;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{App, Error};
use byline_http::{Api, CrossOrigin, configure, cors, request_context};
use listenfd::ListenFd;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::connection::{Connection, ConnectionPhase, HEAD, HttpStream, IDLE};
use crate::settings::Settings;

/// Connections that the system holds ready while all workers are busy.
const BACKLOG: i32 = 1024;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// How long the rest of a refused request is read, so that the client sees the
/// refusal and not a reset.
const LINGER: Duration = Duration::from_secs(1);

/// Binds a listener to the address.
///
/// # Errors
///
/// The error of the system.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    // The standard library has a shorter queue; the second call replaces it.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// Returns the socket that a supervisor opened and passed on (`LISTEN_FDS`,
/// `sd_listen_fds(3)`). It outlives this process: connections wait in it while the
/// next process starts.
///
/// # Errors
///
/// What was passed on is not a TCP socket.
pub(crate) fn inherited() -> io::Result<Option<TcpListener>> {
    ListenFd::from_env().take_tcp_listener(0)
}

/// Starts to serve `api`, by TLS if there is a configuration of it.
///
/// # Errors
///
/// The error of the system.
pub(crate) fn serve(
    settings: &Settings,
    tls: Option<ServerConfig>,
    listener: TcpListener,
    api: Api,
) -> io::Result<Server> {
    let cross_origin = settings.protection.cross_origin();
    let connections = settings.protection.max_connections;
    let cores = thread::available_parallelism().ok();
    let workers = settings.http.workers.or(cores);
    let workers = workers.map_or(1, NonZeroUsize::get);
    let server = ServerBuilder::new()
        .disable_signals()
        .workers(workers)
        .max_concurrent_connections(connections.get().div_ceil(workers))
        .shutdown_timeout(whole_seconds(settings.http.shutdown_timeout));
    let ending = server.graceful_shutdown_signal();
    let headers = refusal_headers(&cross_origin);
    let server = match tls {
        None => server.listen("http", listener, move || {
            let headers = headers.clone();
            fn_service(move |stream: TcpStream| {
                let stream = Connection::new(stream);
                future::ready(Ok(accepted(stream, |stream| stream, headers.clone())))
            })
            .and_then(http(&api, &cross_origin, ending.clone()))
        }),
        Some(tls) => {
            // actix-tls has a lower limit of its own, which idle handshakes could use up.
            max_concurrent_tls_connect(connections.get());
            let mut acceptor = Acceptor::new(tls);
            acceptor.set_handshake_timeout(HANDSHAKE);
            server.listen("https", listener, move || {
                let headers = headers.clone();
                fn_service(|stream: TcpStream| future::ready(Ok(Connection::new(stream))))
                    .and_then(acceptor.clone())
                    .map_err(|error| match error {
                        TlsError::Tls(error) => DispatchError::Io(error),
                        TlsError::Timeout => DispatchError::Io(io::ErrorKind::TimedOut.into()),
                        TlsError::Service(never) => match never {},
                    })
                    .map(move |stream: TlsStream<Connection<TcpStream>>| {
                        accepted(stream, |stream| stream.get_ref().0, headers.clone())
                    })
                    .and_then(http(&api, &cross_origin, ending.clone()))
            })
        }
    }?;
    Ok(server.run())
}

/// What actix-http serves: the stream, its protocol, and the client's address.
type Accepted<T> = (HttpStream<T>, Protocol, Option<SocketAddr>);

/// Wraps a stream for actix-http. `connection` returns the connection that the stream
/// uses, `headers` are those of refusals.
fn accepted<T>(
    stream: T,
    connection: fn(&T) -> &Connection<TcpStream>,
    headers: Bytes,
) -> Accepted<T> {
    let connection = connection(&stream);
    let peer = connection.get_ref().peer_addr().ok();
    let phase = connection.phase().clone();
    (
        HttpStream::new(stream, phase, headers),
        Protocol::Http1,
        peer,
    )
}

/// Returns the lines of the headers that actix-http's own refusals get.
fn refusal_headers(cross_origin: &CrossOrigin) -> Bytes {
    let mut lines = b"cache-control: no-store\r\n".to_vec();
    for (name, value) in cross_origin.headers_for_unread_requests() {
        lines.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    lines.into()
}

/// Returns the service that speaks HTTP/1.1 on streams of any type.
fn http<T: AsyncRead + AsyncWrite + Unpin + 'static>(
    api: &Api,
    cross_origin: &CrossOrigin,
    ending: GracefulShutdownSignal,
) -> impl ServiceFactory<Accepted<T>, Config = (), Response = (), Error = DispatchError, InitError = ()>
+ use<T> {
    let app = App::new()
        .wrap(cors(cross_origin))
        .wrap(request_context(api))
        .configure(configure(api));
    let app = map_config(app.into_factory(), |()| AppConfig::default());
    let app = apply_fn_factory(app, |request: Request, app: &_| call(app, request))
        .map_err(|error: Error| error.error_response());
    HttpService::build()
        .keep_alive(IDLE)
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(LINGER)
        .graceful_shutdown_signal(move || {
            let ending = ending.clone();
            async move { ending.notified().await }
        })
        .on_connect_ext(|stream: &HttpStream<T>, data| {
            data.insert(stream.phase().clone());
        })
        .finish(app)
}

/// Calls the service; the connection does not limit its client meanwhile.
fn call<S: Service<Request>>(
    app: &S,
    request: Request,
) -> impl Future<Output = Result<S::Response, S::Error>> + use<S> {
    let serving = request.conn_data().map(ConnectionPhase::serve);
    let response = app.call(request);
    async move {
        let response = response.await;
        drop(serving);
        response
    }
}

/// Rounds up to whole seconds, as actix counts.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
