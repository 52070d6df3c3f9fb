//! The listener for operators: metrics and health, apart from the API.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, Error, HttpResponse, HttpServer, web};
use byline_application::Store;
use byline_http::{Api, configure_admin};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tracing::{info, warn};

use crate::failure::Failure;
use crate::settings::{AdminListen, AdminSettings};

mod collector;
mod families;
#[cfg(target_os = "linux")]
mod process;

use collector::Service;

/// Starts to listen unless the settings say `off`; returns the server and its
/// address. If another program has the default address, the service starts without
/// this listener.
///
/// # Errors
///
/// [`Failure::Listen`], if the settings name the address.
pub(crate) fn start(
    settings: &AdminSettings,
    api: Api,
    store: Arc<dyn Store>,
) -> Result<Option<(Server, SocketAddr)>, Failure> {
    let AdminListen::At(address) = settings.admin_listen else {
        return Ok(None);
    };
    match listen(address, api, store) {
        Ok(listening) => {
            info!(address = %listening.1, "listening for operators");
            Ok(Some(listening))
        }
        Err(error) if settings.is_default && error.kind() == io::ErrorKind::AddrInUse => {
            warn!(
                %address,
                "no metrics: another program has the address; set BYLINE_ADMIN_LISTEN to a free \
                 one, or to off"
            );
            Ok(None)
        }
        Err(cause) => Err(Failure::Listen { address, cause }),
    }
}

fn listen(
    address: SocketAddr,
    api: Api,
    store: Arc<dyn Store>,
) -> io::Result<(Server, SocketAddr)> {
    let mut registry = Registry::default();
    let service = Service {
        api: api.clone(),
        store,
    };
    registry.register_collector(Box::new(service));
    #[cfg(target_os = "linux")]
    registry.register_collector(Box::new(process::Process));
    let registry = web::Data::new(registry);
    let app = move || {
        App::new()
            .wrap(DefaultHeaders::new().add((header::CACHE_CONTROL, "no-store")))
            .app_data(registry.clone())
            .service(web::resource("/metrics").get(metrics))
            .configure(configure_admin(&api))
    };
    let server = HttpServer::new(app)
        .disable_signals()
        .workers(1)
        .shutdown_timeout(1)
        .bind(address)?;
    let address = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), address))
}

/// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

async fn metrics(registry: web::Data<Registry>) -> Result<HttpResponse, Error> {
    let mut text = String::new();
    text::encode(&mut text, &registry).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(text))
}
