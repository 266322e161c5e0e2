//! The layout as it is shown.

use vs_core::{
    error::{Code, Failure},
    id::Epoch,
};
use vs_wire::v1;

use super::{Services, internal};

impl Services {
    pub(super) async fn layout(&self, request: v1::GetLayoutRequest) -> Result<v1::GetLayoutResponse, Failure> {
        let (state, age_ms) = self.state(request.consistency()).await?;
        let view = state.view();
        let current = view.epoch().map_err(internal)?.unwrap_or_default();
        let asked = request.epoch.map_or(current, Epoch);
        let epochs = view.epochs().map_err(internal)?;
        let layout = self.meta.layouts().of(&view, asked).map_err(internal)?.ok_or_else(|| {
            let kept: Vec<_> = epochs.iter().map(|(epoch, _)| epoch.0.to_string()).collect();
            let kept = format!("the current one is {}; assets are placed by {}", current.0, kept.join(", "));
            Failure::new(Code::NotFound, format!("no layout of epoch {}", asked.0))
                .because(kept)
                .hint("see the current one: `vsctl layout show`")
        })?;
        let used = |(epoch, assets): (Epoch, u64)| v1::EpochUse { epoch: epoch.0, assets };
        Ok(v1::GetLayoutResponse {
            layout: Some(v1::Layout::from(&*layout)),
            current: current.0,
            epochs: epochs.into_iter().map(used).collect(),
            age_ms,
        })
    }
}
