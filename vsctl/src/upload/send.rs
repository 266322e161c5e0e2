//! One upload's conversation with the server: begin, append, finish, watch; and all of it again from the server's offset whenever
//! the connection breaks.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{debug, info};
use vs_client::Client;
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{NodeId, UploadId},
};
use vs_wire::{
    failure_from_status, failure_from_wire,
    v1::{self, SessionState},
};

use super::{
    keep::{Entry, Kept},
    options::{Options, Wait},
    pace::Pace,
    patience::Patience,
    source::{FileSource, Pieces, StreamSource},
};
use crate::{desk::Desk, progress::Task};

/// A stream on which nothing moves in either direction for this long is given up and begun again.
const STALL: Duration = Duration::from_secs(30);
/// Between the end of a feed and its being known.
const FEED_ENDS_WITHIN: Duration = Duration::from_secs(1);
/// Messages waiting for the network.
const QUEUE: usize = 2;

/// Where an upload's bytes come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    File(FileSource),
    Stream(StreamSource),
}

/// One upload in progress.
pub(super) struct Sender<'a> {
    pub(super) desk: &'a Desk,
    pub(super) options: &'a Options,
    pub(super) pace: &'a Pace,
    pub(super) task: &'a Task,
    pub(super) source: Source,
    pub(super) file_name: &'a str,
    pub(super) upload: UploadId,
    /// The note about this upload; none when it is not to be found again.
    pub(super) entry: Option<Entry>,
    /// The session is one of a former run, which may have ended meanwhile.
    pub(super) was_kept: bool,
    /// The hash, where it is known before anything is sent.
    pub(super) offered: Option<Hash>,
    pub(super) client: Client,
    pub(super) patience: Patience,
    pub(super) begun: bool,
}

impl Sender<'_> {
    /// Brings every byte to the server and waits as long as was asked.
    pub(super) async fn run(&mut self, wait: Wait) -> Result<v1::Session, Failure> {
        let ended = match self.deliver().await {
            Ok(session) => self.watch(session, wait).await,
            Err(failure) => Err(failure),
        };
        let is_over = match &ended {
            // Bytes that are handed over are finished by the cluster, whoever waits for it.
            Ok(_) => true,
            Err(failure) if failure.code == Code::LocalFile => {
                self.abort().await;
                true
            }
            Err(failure) => !failure.code.retryable() && failure.code != Code::Unreachable,
        };
        if let Some(entry) = self.entry.take().filter(|_| is_over) {
            entry.forget();
        }
        ended
    }

    async fn deliver(&mut self) -> Result<v1::Session, Failure> {
        loop {
            match self.attempt().await {
                Ok(session) => return Ok(session),
                Err(failure) if !self.begun && failure.code != Code::Busy => return Err(failure),
                Err(failure) => self.come_back(failure).await?,
            }
        }
    }

    /// Waits, and connects again to wherever the bytes are.
    async fn come_back(&mut self, failure: Failure) -> Result<(), Failure> {
        self.task.note(&format!("waiting: {}", failure.what));
        self.patience.wait(failure).await?;
        let mut endpoints = vec![self.client.addr().to_owned()];
        endpoints
            .extend(self.desk.connection.endpoints.value.iter().filter(|addr| *addr != self.client.addr()).cloned());
        match self.desk.connect_to(&endpoints).await {
            Ok(client) => self.client = client,
            // The next attempt fails as well, and is waited for.
            Err(failure) => debug!(what = failure.what, "still away"),
        }
        self.task.note("");
        Ok(())
    }

    async fn attempt(&mut self) -> Result<v1::Session, Failure> {
        let mut session = self.begin().await?;
        if self.was_kept && self.has_ended(&session).await? {
            info!(upload = %self.upload, "the former session has ended");
            self.was_kept = false;
            self.upload = super::run::new_upload();
            self.note_down(&session.node_addr);
            session = self.begin().await?;
        }
        self.begun = true;
        if session.state() != SessionState::Receiving {
            return Ok(session);
        }
        self.note_down(&session.node_addr);
        let elsewhere = self.go_to_node(&session).await.err();
        match (self.send(session.durable_offset).await, elsewhere) {
            // The node that is asked is not the one that has the bytes under another name.
            (Err(failure), Some(elsewhere)) if failure.code == Code::Conflict => Err(elsewhere),
            (ended, _) => ended,
        }
    }

    async fn send(&mut self, from: u64) -> Result<v1::Session, Failure> {
        self.task.stage("sending", self.file_name, from, self.size().unwrap_or(0), "bytes");
        if from > 0 {
            info!(from, "going on where the server's bytes end");
        }
        let pieces = self.pieces_from(from).await?;
        self.append(pieces, from).await?;
        self.finish().await
    }

    /// Of bytes that there is no room for the server is told the hash: it may have them already.
    async fn begin(&mut self) -> Result<v1::Session, Failure> {
        let begun = self.begin_as_offered().await;
        let has_no_room = begun.as_ref().is_err_and(|failure| failure.code == Code::NoSpace);
        let (true, None, Source::File(file)) = (has_no_room, self.offered, &self.source) else { return begun };
        let size = file.stamp.size;
        self.task.stage("hashing", self.file_name, 0, size, "bytes");
        self.offered = file.hash_whole(|done| self.task.set(done, size)).await?;
        self.begin_as_offered().await
    }

    /// Of whichever node answers; the session says where its bytes are.
    async fn begin_as_offered(&mut self) -> Result<v1::Session, Failure> {
        let sha256 = self.offered.map(|hash| hash.0.to_vec()).unwrap_or_default();
        let size = self.size().unwrap_or(0);
        let request = self.options.begin(self.upload.to_string(), self.file_name, size, sha256);
        let begin = |client: Client, request| async move { client.upload().begin(request).await };
        let answer = self.desk.change_at("Begin", &self.client, request, begin).await?;
        self.client = answer.client;
        answer
            .value
            .session
            .ok_or_else(|| Failure::new(Code::Internal, "the server began a session without telling which"))
    }

    /// A session that finished counts only as long as its video is there.
    async fn has_ended(&self, session: &v1::Session) -> Result<bool, Failure> {
        match session.state() {
            SessionState::Rejected | SessionState::Aborted => Ok(true),
            SessionState::Ready | SessionState::Failed => {
                let request = v1::GetVideoRequest { video: session.video.clone(), ..v1::GetVideoRequest::default() };
                let get = |client: Client, request| async move { client.meta().get_video(request).await };
                match self.desk.ask("GetVideo", request, get).await {
                    Ok(detail) => Ok(detail.video.is_none_or(|video| video.status() == v1::VideoStatus::Trashed)),
                    Err(failure) if failure.code == Code::NotFound => Ok(true),
                    Err(failure) => Err(failure),
                }
            }
            _ => Ok(false),
        }
    }

    fn note_down(&mut self, node_addr: &str) {
        if let (Some(entry), Source::File(file)) = (&mut self.entry, &self.source) {
            entry.write(&Kept { upload: self.upload, path: file.path.clone(), node_addr: node_addr.to_owned() });
        }
    }

    /// The bytes lie on one node, and only that node takes more of them. It may be the one that is asked already, under another
    /// name: that it cannot be reached by its own is an error only when this one refuses.
    async fn go_to_node(&mut self, session: &v1::Session) -> Result<(), Failure> {
        let addr = &session.node_addr;
        if addr.is_empty() || addr == self.client.addr() {
            return Ok(());
        }
        match self.desk.connect_to(std::slice::from_ref(addr)).await {
            Ok(client) => {
                info!(addr, "the bytes are there");
                self.client = client;
                Ok(())
            }
            Err(failure) => {
                let node = NodeId(session.node);
                let mut elsewhere = Failure::new(Code::Unreachable, format!("{node} has the bytes and is away"));
                elsewhere.why = failure.why;
                Err(elsewhere)
            }
        }
    }

    fn size(&self) -> Option<u64> {
        match &self.source {
            Source::File(file) => Some(file.stamp.size),
            Source::Stream(_) => None,
        }
    }

    async fn pieces_from(&self, from: u64) -> Result<Pieces, Failure> {
        match &self.source {
            Source::File(file) => {
                if from > file.stamp.size {
                    return Err(Failure::new(Code::Conflict, "the server has more bytes than the file")
                        .because(format!("{from} of {}", file.stamp.size))
                        .hint(format!("give that upload up: `vsctl session cancel {}`", self.upload)));
                }
                if self.offered.is_none() {
                    file.hash_up_to(from).await?;
                }
                Ok(file.pieces(from, self.pace.piece_bytes()))
            }
            Source::Stream(stream) => Ok(stream.pieces(from)),
        }
    }

    /// Sends pieces until there are no more and the server has all of them durable.
    async fn append(&mut self, pieces: Pieces, from: u64) -> Result<(), Failure> {
        let (give, requests) = mpsc::channel(QUEUE);
        let sent = Arc::new(AtomicU64::new(from));
        let feed = feed(pieces, give, self.upload.to_string(), self.pace.clone(), Arc::clone(&sent));
        let feeding = AbortOnDrop(tokio::spawn(feed));
        let durable = self.acknowledgements(requests, from, &sent).await;
        // A file that cannot be read ends the stream early; the reason is the file.
        let fed = if durable.is_ok() || feeding.0.is_finished() { feeding.ended().await? } else { Fed::Part };
        let (durable, sent) = (durable?, sent.load(Ordering::Relaxed));
        if fed == Fed::Part || durable < sent {
            return Err(Failure::new(Code::Unreachable, "the connection ended early")
                .because(format!("{durable} of {sent} bytes sent were acknowledged")));
        }
        Ok(())
    }

    async fn acknowledgements(
        &mut self,
        requests: mpsc::Receiver<v1::AppendRequest>,
        from: u64,
        sent: &AtomicU64,
    ) -> Result<u64, Failure> {
        let mut client = self.client.upload();
        let mut answer = pin!(client.append(ReceiverStream::new(requests)));
        let mut watchdog = Watchdog::new(sent);
        let mut acks = loop {
            tokio::select! {
                answer = &mut answer => break answer.map_err(|status| failure(&status))?.into_inner(),
                () = watchdog.tick() => watchdog.check(from)?,
            }
        };
        let mut durable = from;
        loop {
            tokio::select! {
                ack = acks.message() => match ack.map_err(|status| failure(&status))? {
                    Some(ack) => {
                        durable = ack.durable_offset.max(durable);
                        watchdog.moved();
                        self.patience.renew();
                        self.task.set(durable, self.size().unwrap_or(0));
                        if let Source::Stream(stream) = &self.source {
                            stream.acknowledged(durable);
                        }
                    }
                    None => return Ok(durable),
                },
                () = watchdog.tick() => watchdog.check(durable)?,
            }
        }
    }

    async fn finish(&mut self) -> Result<v1::Session, Failure> {
        let (size, hash) = match &self.source {
            Source::File(file) => {
                file.check_unchanged()?;
                (file.stamp.size, file.hash())
            }
            Source::Stream(stream) => {
                let (size, hash) = stream.whole();
                if !stream.is_complete() {
                    return Err(Failure::new(Code::Internal, "standard input broke off before its end"));
                }
                if size == 0 {
                    self.abort().await;
                    return Err(Failure::new(Code::MediaRejected, "standard input is empty"));
                }
                (size, Some(hash))
            }
        };
        let sha256 = hash.map(|hash| hash.0.to_vec()).unwrap_or_default();
        let request = v1::FinishRequest { upload: self.upload.to_string(), size, sha256 };
        self.call("Finish", self.client.upload().finish(request)).await
    }

    /// Follows the session until it is where it was to get to, or has ended.
    async fn watch(&mut self, mut session: v1::Session, wait: Wait) -> Result<v1::Session, Failure> {
        self.desk.at_interrupt(Some(
            "interrupted; all bytes are sent, and the cluster goes on with them: `vsctl session ls`".to_owned(),
        ));
        loop {
            self.show(&session);
            if is_reached(&session, wait) {
                return Ok(session);
            }
            if let Err(failure) = self.watch_once(&mut session, wait).await {
                self.come_back(failure).await?;
            }
        }
    }

    async fn watch_once(&mut self, session: &mut v1::Session, wait: Wait) -> Result<(), Failure> {
        let request = v1::WatchRequest { upload: session.upload.clone() };
        let mut states = self.call("Watch", self.client.upload().watch(request)).await?;
        while let Some(state) = states.message().await.map_err(|status| failure(&status))? {
            *session = state;
            self.patience.renew();
            self.show(session);
            if is_reached(session, wait) {
                return Ok(());
            }
        }
        Err(Failure::new(Code::Unreachable, "the server stopped telling how the upload goes"))
    }

    /// What a person sees of a session.
    fn show(&self, session: &v1::Session) {
        let label = match session.state() {
            SessionState::Probing => "probing".to_owned(),
            SessionState::Storing => "original".to_owned(),
            SessionState::Processing => format!("tracks {}", session.tracks_total),
            _ => return,
        };
        let unit = match session.unit.as_str() {
            "chunks" => "chunks",
            "ms" => "ms",
            _ => "bytes",
        };
        self.task.stage("storing", &label, session.done, session.total, unit);
        self.task.label(&label);
        self.task.unit(unit);
        self.task.set(session.done, session.total);
        if let Some(waiting) = &session.failure {
            self.task.note(&waits(waiting));
        } else if session.replicas > 0 {
            self.task.note(&format!("quorum {}/{}", session.quorum, session.replicas));
        }
    }

    /// Gives the session up, as well as that goes.
    async fn abort(&self) {
        let request = v1::SessionRef { upload: self.upload.to_string(), dry_run: false };
        let abort = |client: Client, request| async move { client.upload().abort(request).await };
        if let Err(failure) = self.desk.change("Abort", request, abort).await {
            debug!(what = failure.what, "the session is left to expire");
        }
    }

    fn call<T>(
        &self,
        name: &'static str,
        answer: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    ) -> impl Future<Output = Result<T, Failure>> {
        let answer = Box::pin(answer);
        // A broken connection shows as an internal error of the transport; only the status itself tells them apart.
        let sorted = async { answer.await.map_err(|status| transport_failure(&status).unwrap_or(status)) };
        self.desk.call(name, sorted)
    }
}

/// Whether there is nothing left to wait for.
fn is_reached(session: &v1::Session, wait: Wait) -> bool {
    match session.state() {
        SessionState::Ready | SessionState::Rejected | SessionState::Failed | SessionState::Aborted => true,
        SessionState::Processing => wait != Wait::Ready,
        SessionState::Unspecified | SessionState::Receiving => false,
        SessionState::Probing | SessionState::Storing => wait == Wait::None,
    }
}

/// What a session waits for, and because of whom.
fn waits(failure: &v1::Failure) -> String {
    let mut note = format!("waiting: {}", failure.what);
    for (nth, why) in failure.why.iter().enumerate() {
        note.push_str(if nth == 0 { "; " } else { ", " });
        note.push_str(why);
    }
    note
}

/// Why a session ended without a video that plays.
pub(super) fn reason(session: &v1::Session) -> Option<Failure> {
    let told = session.failure.clone().map(failure_from_wire);
    match session.state() {
        SessionState::Rejected | SessionState::Failed => {
            Some(told.unwrap_or_else(|| Failure::new(Code::MediaRejected, "the server refused the file")))
        }
        SessionState::Aborted => Some(told.unwrap_or_else(|| Failure::new(Code::Conflict, "the upload was cancelled"))),
        _ => None,
    }
}

fn failure(status: &tonic::Status) -> Failure {
    failure_from_status(transport_failure(status).as_ref().unwrap_or(status))
}

/// The same as unavailable, where a status is about the connection and not about the call.
fn transport_failure(status: &tonic::Status) -> Option<tonic::Status> {
    let is_about_connection = status.code() == tonic::Code::Internal && std::error::Error::source(status).is_some();
    is_about_connection.then(|| tonic::Status::unavailable(status.message()))
}

/// Puts pieces into messages, at the pace that was asked for.
async fn feed(
    mut pieces: Pieces,
    give: mpsc::Sender<v1::AppendRequest>,
    upload: String,
    pace: Pace,
    sent: Arc<AtomicU64>,
) -> Result<Fed, Failure> {
    let mut upload = Some(upload);
    while let Some(piece) = pieces.recv().await {
        let piece = piece?;
        pace.take(piece.data.len()).await;
        let end = piece.offset + piece.data.len() as u64;
        let upload = upload.take().unwrap_or_default();
        let request = v1::AppendRequest { upload, offset: piece.offset, data: piece.data };
        if give.send(request).await.is_err() {
            return Ok(Fed::Part);
        }
        sent.store(end, Ordering::Relaxed);
    }
    // Nothing to send still names the session, so that the server answers.
    if let Some(upload) = upload {
        let request = v1::AppendRequest { upload, offset: sent.load(Ordering::Relaxed), data: bytes::Bytes::new() };
        let _ = give.send(request).await;
    }
    Ok(Fed::All)
}

/// How much of what there was went out. Only all of it may be finished: a server that ends the stream while standard input is
/// quiet has not seen its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fed {
    All,
    Part,
}

/// A feed that does not outlive whoever waits for it.
struct AbortOnDrop(tokio::task::JoinHandle<Result<Fed, Failure>>);

impl AbortOnDrop {
    /// How it ended. The server's end of the stream is here already; a feed that goes on is cut off.
    async fn ended(mut self) -> Result<Fed, Failure> {
        match tokio::time::timeout(FEED_ENDS_WITHIN, &mut self.0).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(error)) => Err(Failure::new(Code::Internal, "the sender broke down").because(error)),
            Err(_) => Ok(Fed::Part),
        }
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Notices a stream on which nothing moves although there is something to move.
struct Watchdog<'a> {
    sent: &'a AtomicU64,
    seen: u64,
    moved: Instant,
}

impl<'a> Watchdog<'a> {
    fn new(sent: &'a AtomicU64) -> Self {
        Self { sent, seen: sent.load(Ordering::Relaxed), moved: Instant::now() }
    }

    fn moved(&mut self) {
        self.moved = Instant::now();
    }

    async fn tick(&self) {
        tokio::time::sleep(STALL / 8).await;
    }

    fn check(&mut self, durable: u64) -> Result<(), Failure> {
        let sent = self.sent.load(Ordering::Relaxed);
        if sent != self.seen || sent <= durable {
            self.seen = sent;
            self.moved();
        }
        if self.moved.elapsed() < STALL {
            return Ok(());
        }
        let waited = vs_core::unit::human_duration(STALL);
        Err(Failure::new(Code::Unreachable, format!("the server took nothing for {waited}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_are_waited_for_are_named() {
        let why = vec!["n4: down".to_owned(), "n5: full".to_owned()];
        let mut failure =
            v1::Failure { what: "a stripe is on 3 of 5 nodes (need 4)".to_owned(), why, ..v1::Failure::default() };
        assert_eq!(waits(&failure), "waiting: a stripe is on 3 of 5 nodes (need 4); n4: down, n5: full");
        failure.why.clear();
        assert_eq!(waits(&failure), "waiting: a stripe is on 3 of 5 nodes (need 4)");
    }
}
