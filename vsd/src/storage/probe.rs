//! What load balancers, players and monitoring ask of every node.

use std::{fmt, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

/// What the probes ask the node.
#[derive(Clone)]
pub(crate) struct Probes {
    /// Whether the node can serve, and what is wrong in any case, a line each.
    pub(crate) ready: Arc<dyn Fn() -> Result<Vec<String>, Vec<String>> + Send + Sync>,
    /// All counters in Prometheus' text format.
    pub(crate) metrics: Arc<dyn Fn() -> String + Send + Sync>,
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes").finish_non_exhaustive()
    }
}

pub(super) fn router(probes: Probes) -> Router {
    Router::new()
        .route("/ping", get(|| async { "pong\n" }))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(probes)
}

async fn ready(State(probes): State<Probes>) -> Response {
    match (probes.ready)() {
        Ok(notes) => format!("ok\n{}", lines(&notes)).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, lines(&why)).into_response(),
    }
}

fn lines(notes: &[String]) -> String {
    notes.iter().map(|note| format!("{note}\n")).collect()
}

async fn metrics(State(probes): State<Probes>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (probes.metrics)()).into_response()
}
