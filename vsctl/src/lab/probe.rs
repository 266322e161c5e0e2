//! Asking a node that is cut off from the others what it must still do, and what it must not (AVL-1).

use std::time::Duration;

use vs_client::{Client, channel::call, chunk::ChunkClient, film::Film};
use vs_core::error::{Code, Failure};
use vs_wire::v1;

use super::{cluster::Member, verdict::Minority};

/// A minority has said that it is one by then.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(8);
const STALL: Duration = Duration::from_secs(3);

/// Asks for a film and its chunks, and to change it.
pub(crate) async fn minority(member: &Member, video: &str) -> Minority {
    let mut minority = Minority { node: member.id.to_string(), ..Minority::default() };
    let client = match Client::connect(std::slice::from_ref(&member.addr), ANSWER_TIMEOUT).await {
        Ok(client) => client,
        Err(failure) => {
            minority.said.push(failure.to_string());
            return minority;
        }
    };
    match Film::load(&client, video, true, ANSWER_TIMEOUT).await {
        Ok(film) => {
            minority.reads_stale = true;
            match first_chunk(member, &film).await {
                Ok(gives) => minority.gives_chunks = gives,
                Err(failure) => {
                    minority.gives_chunks = Some(false);
                    minority.said.push(failure.to_string());
                }
            }
        }
        Err(failure) => minority.said.push(failure.to_string()),
    }
    match change(&client, video).await {
        Ok(()) => minority.said.push("it took the write".to_owned()),
        Err(failure) if failure.code == Code::NoQuorum => minority.refuses_writes = true,
        Err(failure) => minority.said.push(failure.to_string()),
    }
    minority
}

/// Whether the node gives a chunk that the film places on it; none when none is.
async fn first_chunk(member: &Member, film: &Film) -> Result<Option<bool>, Failure> {
    let chunks = ChunkClient::new();
    for track in film.tracks.iter().filter(|track| !track.parts.is_empty()) {
        let part = film.part(track, 0).await?;
        for chunk in part.segments.iter().flat_map(|segment| &segment.chunks) {
            // two of the three who were asked to take it did
            if film.holders(&part, chunk).iter().take(1).any(|holder| *holder == member.id) {
                let given = chunks.get(&member.addr, film.asset, chunk.hash, STALL, |_, _| ()).await;
                return match given {
                    Ok(_) => Ok(Some(true)),
                    Err(vs_client::chunk::ChunkError::Absent { .. }) => Ok(None),
                    Err(error) => Err(Failure::new(Code::Unreachable, error.to_string())),
                };
            }
        }
    }
    Ok(None)
}

async fn change(client: &Client, video: &str) -> Result<(), Failure> {
    let request = v1::EditVideoRequest {
        video: video.to_owned(),
        set_tags: vec![v1::Tag { key: "cut-off".to_owned(), value: String::new() }],
        ..v1::EditVideoRequest::default()
    };
    call(ANSWER_TIMEOUT, client.meta().edit_video(request)).await.map(drop)
}
