//! The HTTP port for machines that watch: `/metrics` (Prometheus text), `/livez`, `/readyz`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What the port needs to know.
pub trait Watched: Send + Sync + 'static {
    /// All metrics in Prometheus text form.
    fn render_metrics(&self) -> String;
    /// `Ok` when clients may be sent here, else the reasons why not.
    fn readiness(&self) -> Result<(), String>;
}

/// Requests served at a time; more wait.
const CONCURRENT_MAX: usize = 16;
/// A request that has not arrived whole within this time is dropped.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Binds the port; `address` is `host:port`.
pub async fn bind(address: &str) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until the task is dropped.
pub async fn serve(listener: TcpListener, watched: Arc<dyn Watched>) {
    let slots = Arc::new(Semaphore::new(CONCURRENT_MAX));
    let rendering = Arc::new(Semaphore::new(1));
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the metrics port could not accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (watched, rendering) = (Arc::clone(&watched), Arc::clone(&rendering));
        tokio::spawn(async move {
            let answer = service_fn(move |request: Request<Incoming>| {
                let (watched, rendering) = (Arc::clone(&watched), Arc::clone(&rendering));
                async move { Ok::<_, Infallible>(answer(request.method(), request.uri().path(), watched, &rendering).await) }
            });
            let served = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a request to the metrics port failed");
            }
            drop(slot);
        });
    }
}

async fn answer(
    method: &Method,
    path: &str,
    watched: Arc<dyn Watched>,
    rendering: &Semaphore,
) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n".into());
    }
    match path {
        "/metrics" => {
            // One at a time, and not on the thread of the controller: it may read files.
            let _turn = rendering.acquire().await;
            let Ok(page) = tokio::task::spawn_blocking(move || watched.render_metrics()).await else {
                return text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be rendered\n".into());
            };
            let mut response = text(StatusCode::OK, page);
            response
                .headers_mut()
                .insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/plain; version=0.0.4"));
            response
        }
        "/livez" => text(StatusCode::OK, "live\n".into()),
        "/readyz" => match watched.readiness() {
            Ok(()) => text(StatusCode::OK, "ready\n".into()),
            Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
        },
        path => text(StatusCode::NOT_FOUND, format!("nothing at {path}; there are /metrics, /livez and /readyz\n")),
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
