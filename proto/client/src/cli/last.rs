//! `@last`: the video that was created most recently.

use std::time::Duration;

use vs_core::{
    error::{Code, Failure},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;

use crate::{Client, Reach};

/// What a person types for the newest video.
pub const LAST: &str = "@last";

/// The name to give the server for what a person typed: only `@last` is settled here, the server knows prefixes and titles.
///
/// # Errors
/// The server's; `NotFound` when there is no video at all.
pub async fn video_name(reach: &Reach, typed: &str, stale: bool, deadline: Duration) -> Result<String, Failure> {
    if typed != LAST {
        return Ok(typed.to_owned());
    }
    let consistency = if stale { v1::Consistency::Stale } else { v1::Consistency::Linearizable };
    let mut newest: Option<v1::Video> = None;
    let mut page_token = String::new();
    loop {
        let request = v1::ListVideosRequest {
            consistency: consistency.into(),
            limit: PAGE_ITEMS_MAX,
            page_token,
            statuses: Vec::new(),
        };
        let ask = |client: Client, request| async move { client.meta().list_videos(request).await };
        let page = reach.ask(deadline, request, ask).await?.value;
        newest = newest.into_iter().chain(page.items).max_by_key(|video| video.created_at_ms);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let empty = || Failure::new(Code::NotFound, "there is no video yet").hint("upload one: `vsctl upload FILE`");
    newest.map(|video| video.id).ok_or_else(empty)
}
