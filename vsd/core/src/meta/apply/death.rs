//! The death of an asset. It wants no chunk from then on; its parts go in steps.

use vs_core::error::Code;

use super::{Step, Stop};
use crate::meta::table::{
    aging::{self, Aging},
    assets::{AssetRecord, AssetState, Assets},
    cleanup::{Cleanup, Cursor},
    dedup::{Dedup, dedup_key},
    events::EventKind,
    layouts,
    uploads::{End, UploadPhase, UploadRecord, Uploads},
};

impl Step<'_, '_> {
    /// Ends an asset, and with `reason` the upload that writes it if that still goes on.
    pub(super) fn kill(&mut self, mut asset: AssetRecord, reason: &str) -> Result<(), Stop> {
        if asset.state == AssetState::Dead {
            return Ok(());
        }
        if let Some(upload) = self.view().upload(asset.upload)?.filter(|upload| !upload.is_over()) {
            let code = Code::Conflict.name().to_owned();
            self.end_upload(upload, End::Failed { code, reason: reason.to_owned() })?;
        }
        if let Some(content) = &asset.sha256 {
            let key = dedup_key(content, &asset.options);
            if self.txn.load::<Dedup>(&key)? == Some(asset.id) {
                self.txn.delete::<Dedup>(&key);
            }
        }
        layouts::drop_use(self.txn, asset.since)?;
        if let Some(pending) = asset.pending.take() {
            layouts::drop_use(self.txn, pending.epoch)?;
        }
        asset.state = AssetState::Dead;
        asset.all_in_place();
        asset.tracks.clear();
        self.txn.put::<Assets>(&asset.id, &asset);
        self.txn.put::<Cleanup>(&asset.id, &Cursor::default());
        Ok(self.event(EventKind::AssetDead { asset: asset.id })?)
    }

    pub(super) fn end_upload(&mut self, mut upload: UploadRecord, end: End) -> Result<(), Stop> {
        upload.phase = UploadPhase::Ended(end.clone());
        upload.touched = self.now;
        aging::enter(self.txn, Aging::EndedUpload, self.now, upload.id.0);
        self.txn.put::<Uploads>(&upload.id, &upload);
        Ok(self.event(EventKind::UploadEnded { upload: upload.id, video: upload.video, end })?)
    }
}
