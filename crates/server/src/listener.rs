//! Accepts connections and has the requests on them served.

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
use tokio::net::TcpSocket;

use crate::connection::{Closing, Connection, ConnectionPhase, HEAD, IDLE, ServingGuard};
use crate::settings::Settings;

/// Connections that the system holds ready while all workers are busy.
const BACKLOG: u32 = 1024;

/// How long it may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// How long what a client still sends is read after a refusal, so that it sees
/// the refusal and not a reset.
const LINGER: Duration = Duration::from_secs(1);

/// Takes the address.
///
/// # Errors
///
/// The system's.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// The socket that a supervisor opened and passed on (`LISTEN_FDS`, `sd_listen_fds(3)`),
/// with its address. It outlives this process: while the next one starts,
/// connections wait in it.
///
/// # Errors
///
/// What was passed on is no TCP socket.
pub(crate) fn inherited() -> io::Result<Option<(SocketAddr, TcpListener)>> {
    let Some(listener) = ListenFd::from_env().take_tcp_listener(0)? else {
        return Ok(None);
    };
    Ok(Some((listener.local_addr()?, listener)))
}

/// Serves `api` to whoever connects, by TLS if there is a configuration of it.
///
/// # Errors
///
/// The system's.
pub(crate) fn serve(
    settings: &Settings,
    tls: Option<ServerConfig>,
    listener: TcpListener,
    api: Api,
) -> io::Result<Server> {
    let cross_origin = settings.protection.cross_origin();
    let connections = settings.protection.max_connections;
    let workers = settings.http.workers.map_or_else(cores, NonZeroUsize::get);
    let server = ServerBuilder::new()
        .disable_signals()
        .workers(workers)
        .max_concurrent_connections(connections.get().div_ceil(workers))
        .shutdown_timeout(whole_seconds(settings.http.shutdown_timeout));
    let ending = server.graceful_shutdown_signal();
    let further = further_headers(&cross_origin);
    let server = match tls {
        None => server.listen("http", listener, move || {
            plain(further.clone()).and_then(http(
                &api,
                &cross_origin,
                ending.clone(),
                |stream: &Closing<Connection<TcpStream>>| stream.get_ref().pulse(),
            ))
        }),
        Some(tls) => {
            // A limit of its own would let those who begin and go no further
            // keep everybody else out.
            max_concurrent_tls_connect(connections.get());
            let mut acceptor = Acceptor::new(tls);
            acceptor.set_handshake_timeout(HANDSHAKE);
            server.listen("https", listener, move || {
                encrypted(acceptor.clone(), further.clone()).and_then(http(
                    &api,
                    &cross_origin,
                    ending.clone(),
                    |stream: &Closing<TlsStream<Connection<TcpStream>>>| {
                        stream.get_ref().get_ref().0.pulse()
                    },
                ))
            })
        }
    }?;
    Ok(server.run())
}

/// What HTTP is served on: the stream, its protocol, and whose it is.
type Accepted<T> = (Closing<T>, Protocol, Option<SocketAddr>);

/// The lines of the headers that answers beneath the router get.
fn further_headers(cross_origin: &CrossOrigin) -> Bytes {
    let mut lines = b"cache-control: no-store\r\n".to_vec();
    for (name, value) in cross_origin.headers_for_unread_requests() {
        lines.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    lines.into()
}

/// Connections as they come. `further` are the headers of [`Closing`].
fn plain(
    further: Bytes,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = Accepted<Connection<TcpStream>>,
    Error = DispatchError,
    InitError = (),
> {
    fn_service(move |stream: TcpStream| {
        let further = further.clone();
        async {
            let peer = stream.peer_addr().ok();
            let stream = Closing::new(Connection::new(stream), further);
            Ok((stream, Protocol::Http1, peer))
        }
    })
}

/// Connections that have agreed on TLS.
fn encrypted(
    acceptor: Acceptor,
    further: Bytes,
) -> impl ServiceFactory<
    TcpStream,
    Config = (),
    Response = Accepted<TlsStream<Connection<TcpStream>>>,
    Error = DispatchError,
    InitError = (),
> {
    fn_service(|stream: TcpStream| async { Ok(Connection::new(stream)) })
        .and_then(acceptor)
        .map_err(|error| match error {
            TlsError::Tls(error) => DispatchError::Io(error),
            TlsError::Timeout => DispatchError::Io(io::ErrorKind::TimedOut.into()),
            TlsError::Service(never) => match never {},
        })
        .map(move |stream: TlsStream<Connection<TcpStream>>| {
            let peer = stream.get_ref().0.get_ref().peer_addr().ok();
            (Closing::new(stream, further.clone()), Protocol::Http1, peer)
        })
}

/// HTTP/1.1 on any stream. `pulse` finds that of the connection beneath it.
fn http<T: AsyncRead + AsyncWrite + Unpin + 'static>(
    api: &Api,
    cross_origin: &CrossOrigin,
    ending: GracefulShutdownSignal,
    pulse: fn(&Closing<T>) -> &ConnectionPhase,
) -> impl ServiceFactory<Accepted<T>, Config = (), Response = (), Error = DispatchError, InitError = ()>
+ use<T> {
    let app = App::new()
        .wrap(cors(cross_origin))
        .wrap(request_context(api))
        .configure(configure(api));
    let app = map_config(app.into_factory(), |()| AppConfig::default());
    let app = apply_fn_factory(app, |request: Request, app: &_| busy(app, request))
        .map_err(|error: Error| error.error_response());
    HttpService::build()
        .keep_alive(IDLE)
        .client_request_timeout(HEAD)
        .client_disconnect_timeout(LINGER)
        .graceful_shutdown_signal(move || {
            let ending = ending.clone();
            async move { ending.notified().await }
        })
        .on_connect_ext(move |stream, data| {
            data.insert(pulse(stream).clone());
        })
        .finish(app)
}

/// Has a request served; the connection knows that it is.
fn busy<S: Service<Request>>(
    app: &S,
    request: Request,
) -> impl Future<Output = Result<S::Response, S::Error>> + use<S> {
    let busy: Option<ServingGuard> = request.conn_data().map(ConnectionPhase::serve);
    let answer = app.call(request);
    async move {
        let answer = answer.await;
        drop(busy);
        answer
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// actix counts in seconds.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
