//! Keeping the lease of an upload, and the room that it takes.
//!
//! Whoever finishes an upload keeps its lease from its first look at it until it is done, also while it waits for its
//! turn or to try again. Another node takes it only when it has room for it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vs_core::{
    error::{Code, Failure},
    id::UploadId,
};
pub(super) use vsd_core::upload::tenure::{Role, role};
use vsd_core::{
    meta::{Command, Response, SettingName, UploadPhase, UploadRecord},
    upload::tenure::{RENEWALS, Renewal, renewal},
};

use super::sessions::Uploader;

/// Between two looks while the state cannot be read.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// How long a node leaves an upload to others that it had no room for, once it has fetched the film for nothing.
pub(super) const LEFT_TO_OTHERS: Duration = Duration::from_secs(600);

/// Tells the log that this node goes on with the upload, from when it is its own; stops the work when it is another's.
/// Does not end.
pub(super) async fn keep(uploader: &Uploader, upload: UploadId, stop: &CancellationToken) {
    let mut was_held = false;
    loop {
        let (renewal, pause) = match look(uploader, upload, was_held).await {
            Ok(looked) => looked,
            Err(failure) => {
                tracing::debug!(%upload, %failure, "the lease could not be renewed");
                (Renewal::Wait, LOOK_AGAIN)
            }
        };
        match renewal {
            Renewal::Renew(ballot) => {
                was_held = true;
                match uploader.meta().propose(Command::LeaseRenew { upload, ballot }).await {
                    // taken anew by this node meanwhile, or by another: the next look tells
                    Ok(Response::Refused(refused)) => tracing::debug!(%upload, %refused, "the lease was not renewed"),
                    Ok(_) => {}
                    Err(error) => tracing::debug!(%upload, %error, "the lease could not be renewed"),
                }
            }
            Renewal::Wait => {}
            Renewal::LetGo => {
                tracing::info!(%upload, "the upload is no longer this node's to finish");
                stop.cancel();
                return std::future::pending().await;
            }
        }
        tokio::time::sleep(pause).await;
    }
}

async fn look(uploader: &Uploader, upload: UploadId, was_held: bool) -> Result<(Renewal, Duration), Failure> {
    let state = uploader.meta().read().await?;
    let unreadable = |error: vsd_core::meta::TableError| Failure::new(Code::Internal, error.to_string());
    let lease_ms = state.view().setting(SettingName::UploadLease).map_err(unreadable)?;
    let record = state.view().upload(upload).map_err(unreadable)?;
    Ok((renewal(record.as_ref(), uploader.node(), was_held), Duration::from_millis(lease_ms) / RENEWALS))
}

/// Bytes of an upload's film that are not in this node's spool.
pub(super) fn missing_bytes(uploader: &Uploader, record: &UploadRecord) -> u64 {
    let (UploadPhase::Received { bytes, .. } | UploadPhase::Stored { bytes, .. }) = record.phase else { return 0 };
    let here = std::fs::metadata(uploader.spool().path(record.id)).map_or(0, |file| file.len());
    if here < bytes { bytes } else { 0 }
}

/// Refuses to fetch so many bytes into a spool that has no room for them.
pub(super) fn check_room(uploader: &Uploader, more: u64) -> Result<(), Failure> {
    let percent = uploader.options().spool_full_percent;
    let looked = uploader.spool().is_full(percent, more);
    match looked.map_err(|error| Failure::new(Code::Internal, "the spool cannot be looked at").because(error))? {
        true => Err(Failure::new(Code::NoSpace, "no room to finish the upload here")
            .because(format!("its original would fill the disk of {}'s spool above {percent} %", uploader.node()))),
        false => Ok(()),
    }
}
