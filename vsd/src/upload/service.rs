//! The `Upload` service: begin, append, finish, watch, abort, list.

use std::{collections::BTreeMap, pin::Pin, time::Duration};

use futures::Stream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use vs_core::{
    error::{Code, Failure},
    id::{UploadId, VideoId},
    limit::{APPEND_BYTES_MAX, PAGE_ITEMS_MAX},
};
use vs_wire::{
    status_from_failure,
    v1::{self, upload_server::Upload},
};
use vsd_core::{
    meta::{AssetRecord, Command, OnDuplicate, Redundancy, TrackOptions, UploadBegin, UploadPhase, UploadRecord, View},
    upload::room,
};

use super::{
    pipeline::blocking,
    probe::check_programs,
    sessions::{Live, Uploader},
    spool::{SYNC_BYTES, SpoolFile},
};
use crate::{
    admin::{check_limit, proposer, status},
    meta::usage,
};

/// Pieces received but not yet written.
const PIECES_QUEUED: usize = 4;
/// A client that sends nothing for this long has gone.
const APPEND_IDLE: Duration = Duration::from_secs(60);
/// How often a stream of bytes tells the log that its session lives.
const RENEW_INTERVAL: Duration = Duration::from_secs(60);
/// Least time between two messages of a watch.
const WATCH_INTERVAL: Duration = Duration::from_millis(100);
/// A watch says something at least this often, so that a dead connection is noticed.
const WATCH_HEARTBEAT: Duration = Duration::from_secs(5);

type Stream_<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves sessions whose spool is on this node.
#[derive(Clone, Debug)]
pub(crate) struct UploadService {
    uploader: Uploader,
}

impl UploadService {
    pub(crate) fn new(uploader: Uploader) -> Self {
        Self { uploader }
    }

    async fn begin_session(&self, request: v1::BeginRequest) -> Result<v1::Session, Failure> {
        let begin = self.begin_command(request)?;
        let upload = begin.upload;
        check_programs(&self.uploader.options().media)?;
        self.check_new(&begin).await?;
        self.uploader.meta().propose(Command::UploadBegin(Box::new(begin))).await?.accepted()?;
        self.session(upload).await
    }

    fn begin_command(&self, request: v1::BeginRequest) -> Result<UploadBegin, Failure> {
        if !matches!(request.renditions.as_str(), "" | "none") {
            return Err(Failure::new(
                Code::NotSupported,
                format!("renditions `{}` are not made yet", request.renditions),
            )
            .hint("leave out `--renditions`"));
        }
        let on_duplicate = match request.on_duplicate() {
            v1::OnDuplicate::Skip => OnDuplicate::Skip,
            v1::OnDuplicate::New => OnDuplicate::New,
            v1::OnDuplicate::Error => OnDuplicate::Error,
        };
        let title = match request.title.trim() {
            "" => title_of(&request.file_name),
            title => title.to_owned(),
        };
        let offered_sha256 = (!request.sha256.is_empty()).then(|| vs_wire::hash(&request.sha256)).transpose();
        Ok(UploadBegin {
            upload: upload_id(&request.upload)?,
            video: VideoId::from_random(rand::random()),
            node: self.uploader.node(),
            file_name: base_name(&request.file_name),
            title,
            description: request.description,
            tags: request.tags.into_iter().map(|tag| (tag.key, tag.value)).collect::<BTreeMap<_, _>>(),
            size: Some(request.size).filter(|size| *size > 0),
            options: TrackOptions { renditions: Vec::new(), keep_original: !request.drop_original },
            redundancy: redundancy(&request.redundancy)?,
            on_duplicate,
            offered_sha256: offered_sha256.map_err(|error| invalid(error.to_string()))?,
        })
    }

    /// Refuses a new upload that there is no room for, here or in the cluster.
    async fn check_new(&self, begin: &UploadBegin) -> Result<(), Failure> {
        let state = self.uploader.meta().read().await?;
        let view = state.view();
        if view.upload(begin.upload).map_err(internal)?.is_some() {
            return Ok(());
        }
        let held = begin.offered_sha256.map(|offered| view.holder(&offered, &begin.options)).transpose();
        let held = held.map_err(internal)?.flatten();
        // nothing of it will be sent
        if held.as_ref().is_some_and(AssetRecord::is_sound) {
            return Ok(());
        }
        let bytes = begin.size.unwrap_or(0);
        self.check_room(bytes, begin.options.keep_original)?;
        // how large tracks alone will be is not known
        if held.is_some() || !begin.options.keep_original { Ok(()) } else { self.check_cluster(&view, begin, bytes) }
    }

    /// Refuses an original that the cluster has no room for.
    fn check_cluster(&self, view: &View<'_>, begin: &UploadBegin, bytes: u64) -> Result<(), Failure> {
        let meta = self.uploader.meta();
        let Some(layout) = meta.layouts().current(view).map_err(internal)? else { return Ok(()) };
        let scheme = begin.redundancy.first_scheme(layout.room());
        Ok(room::check(bytes, scheme, &layout, &usage(&meta.cluster().nodes))?)
    }

    /// Refuses bytes that the disk has no room for: in the spool, and then as chunks of the original and of its tracks.
    fn check_room(&self, more: u64, keep_original: bool) -> Result<(), Failure> {
        let options = self.uploader.options();
        let stored = more.saturating_mul(if keep_original { 3 } else { 2 });
        let limits = [(Some(options.spool_full_percent), more), (options.chunks_full_percent, stored)];
        for (percent, more) in limits.into_iter().filter_map(|(percent, more)| Some((percent?, more))) {
            let full = self.uploader.spool().is_full(percent, more);
            if full.map_err(|error| Failure::new(Code::Internal, "the spool cannot be looked at").because(error))? {
                return Err(Failure::new(Code::NoSpace, "no room for the upload")
                    .because(format!("it would fill the server's disk above {percent} %"))
                    .hint("make room on the server, `vsctl status` shows its disk"));
            }
        }
        Ok(())
    }

    async fn session(&self, upload: UploadId) -> Result<v1::Session, Failure> {
        let state = self.uploader.meta().read().await?;
        let view = state.view();
        let record = record(&view, upload)?;
        self.uploader.session(&view, &record)
    }

    /// The session, if its bytes can still be appended to here.
    async fn receiving(&self, upload: UploadId) -> Result<UploadRecord, Failure> {
        let state = self.uploader.meta().read().await?;
        let view = state.view();
        let record = record(&view, upload)?;
        if record.node != self.uploader.node() {
            let addr = view.node(record.node).map_err(internal)?.map(|node| node.spec.addr).unwrap_or_default();
            return Err(Failure::new(Code::Conflict, format!("the upload's spool is on {}", record.node))
                .hint(format!("go on there with `--endpoint {addr}`")));
        }
        match record.phase {
            UploadPhase::Receiving => Ok(record),
            _ => Err(Failure::new(Code::Conflict, "all bytes of this upload were received")),
        }
    }

    async fn append_all(
        self,
        first: v1::AppendRequest,
        mut pieces: Streaming<v1::AppendRequest>,
        acks: mpsc::Sender<Result<v1::AppendResponse, Status>>,
    ) -> Result<(), Failure> {
        let upload = upload_id(&first.upload)?;
        let record = self.receiving(upload).await?;
        let live = self.uploader.live(upload);
        let replaced = live.take_over();
        let (queue, queued) = mpsc::channel(PIECES_QUEUED);
        let writer = tokio::spawn(write_pieces(self.clone(), record.clone(), live, queued, acks, replaced.clone()));
        let mut next = Some(first);
        while let Some(piece) = next {
            if piece.data.len() > APPEND_BYTES_MAX {
                drop(queue);
                let _ = writer.await;
                return Err(invalid(format!("a piece of {} bytes; {APPEND_BYTES_MAX} are allowed", piece.data.len())));
            }
            if queue.send((piece.offset, piece.data)).await.is_err() {
                break;
            }
            next = tokio::select! {
                received = tokio::time::timeout(APPEND_IDLE, pieces.message()) => received.ok().and_then(Result::ok).flatten(),
                () = replaced.cancelled() => None,
                () = self.uploader.stopping() => None,
            };
        }
        drop(queue);
        let _ = self.renew(&record).await;
        writer.await.map_err(|error| Failure::new(Code::Internal, error.to_string()))?
    }

    /// A sign of life, so that the session does not expire while bytes come.
    async fn renew(&self, record: &UploadRecord) -> Result<(), Failure> {
        let renew = Command::LeaseRenew { upload: record.id, ballot: record.ballot };
        self.uploader.meta().propose(renew).await?.accepted()?;
        Ok(())
    }

    async fn finish_session(&self, request: v1::FinishRequest) -> Result<v1::Session, Failure> {
        let upload = upload_id(&request.upload)?;
        let session = self.session(upload).await?;
        if session.state() != v1::SessionState::Receiving {
            self.uploader.process_if_open(&session, upload);
            return Ok(session);
        }
        let live = self.uploader.live(upload);
        live.take_over();
        let mut file = live.file.lock().await;
        // Only now: another Finish may have held the lock.
        let record = match self.receiving(upload).await {
            Err(failure) if failure.code == Code::Conflict => return self.session(upload).await,
            record => record?,
        };
        let spooled = self.open(&mut file, upload).await?;
        let (bytes, sha256) = (spooled.synced, spooled.sha256());
        if bytes != request.size {
            return Err(Failure::new(Code::WrongOffset, format!("{bytes} of {} bytes have arrived", request.size))
                .hint(format!("vsctl session resume {upload} PATH")));
        }
        if !request.sha256.is_empty() && request.sha256 != sha256.0 {
            return Err(self
                .refuse(&record, Code::Integrity, "the bytes that arrived are not those that were sent")
                .await);
        }
        if bytes == 0 {
            return Err(self.refuse(&record, Code::MediaRejected, "the file is empty").await);
        }
        *file = None;
        drop(file);
        let received = Command::UploadReceived { upload, ballot: record.ballot, sha256, bytes };
        self.uploader.meta().propose(received).await?.accepted()?;
        let session = self.session(upload).await?;
        if session.deduplicated || session.failure.is_some() {
            self.uploader.forget(upload);
        } else {
            self.uploader.process(upload);
        }
        Ok(session)
    }

    /// Ends an upload whose bytes are no good.
    async fn refuse(&self, record: &UploadRecord, code: Code, reason: &str) -> Failure {
        let fail = Command::UploadFail {
            upload: record.id,
            ballot: record.ballot,
            code: code.name().to_owned(),
            reason: reason.to_owned(),
        };
        if let Err(error) = self.uploader.meta().propose(fail).await {
            return error.into();
        }
        self.uploader.forget(record.id);
        Failure::new(code, reason)
    }

    /// The spool file behind the lock, opened if it is not.
    async fn open<'a>(&self, file: &'a mut Option<SpoolFile>, upload: UploadId) -> Result<&'a mut SpoolFile, Failure> {
        if file.is_none() {
            let spool = self.uploader.spool().clone();
            *file = Some(blocking(move || spool.open(upload)).await?);
        }
        file.as_mut().ok_or_else(|| Failure::new(Code::Internal, "the spool file is closed"))
    }

    async fn find(&self, text: &str) -> Result<UploadId, Failure> {
        if let Ok(upload) = text.parse() {
            return Ok(upload);
        }
        let state = self.uploader.meta().read().await?;
        let view = state.view();
        let wanted = text.replace('-', "").to_ascii_lowercase();
        if wanted.len() < vs_core::limit::ID_PREFIX_MIN {
            return Err(invalid(format!("`{text}` is too short for an id; give at least 4 characters")));
        }
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = view.uploads(after, PAGE_ITEMS_MAX).map_err(internal)?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            found.extend(page.iter().filter(|r| r.id.0.simple().to_string().starts_with(&wanted)).map(|r| r.id));
        }
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(Failure::new(Code::NotFound, format!("no upload `{text}`")).hint("vsctl session ls --all")),
            many => {
                let failure = Failure::new(Code::Ambiguous, format!("`{text}` names {} uploads", many.len()));
                Err(many.iter().take(10).fold(failure, Failure::because))
            }
        }
    }

    async fn watch_session(self, upload: UploadId, to: mpsc::Sender<Result<v1::Session, Status>>) {
        // An ended upload has nothing live to listen to.
        if let Ok(session) = self.session(upload).await
            && is_over(session.state())
        {
            let _ = to.send(Ok(session)).await;
            return;
        }
        let mut progress = self.uploader.progress(upload);
        let mut applied = self.uploader.meta().watch_applied();
        let mut told: Option<v1::Session> = None;
        loop {
            let session = match self.session(upload).await {
                Ok(session) => session,
                Err(failure) => {
                    let _ = to.send(Err(status_from_failure(&failure))).await;
                    return;
                }
            };
            let over = is_over(session.state());
            if told.as_ref() != Some(&session) && to.send(Ok(session.clone())).await.is_err() || over {
                return;
            }
            told = Some(session);
            let change = async {
                tokio::time::sleep(WATCH_INTERVAL).await;
                tokio::select! {
                    _ = progress.changed() => {}
                    _ = applied.changed() => {}
                }
            };
            tokio::select! {
                _ = tokio::time::timeout(WATCH_HEARTBEAT, change) => {}
                () = to.closed() => return,
                () = self.uploader.stopping() => return,
            }
        }
    }
}

/// Writes pieces in order and tells how much is safe; the only one to touch the file while it runs.
async fn write_pieces(
    service: UploadService,
    record: UploadRecord,
    live: Live,
    mut queued: mpsc::Receiver<(u64, bytes::Bytes)>,
    acks: mpsc::Sender<Result<v1::AppendResponse, Status>>,
    replaced: CancellationToken,
) -> Result<(), Failure> {
    let mut guard = live.file.clone().lock_owned().await;
    // Only now: a Finish may have held the lock.
    service.receiving(record.id).await?;
    service.open(&mut guard, record.id).await?;
    let mut renewed = tokio::time::Instant::now();
    let mut expected: Option<u64> = None;
    let mut ended = Ok(());
    while let Some((offset, data)) = queued.recv().await {
        let Some(mut file) = guard.take() else { break };
        // Only the first piece must name its offset.
        if *expected.get_or_insert(offset) != file.written
            || record.size.is_some_and(|size| file.written + data.len() as u64 > size)
        {
            ended = Err(misplaced(offset, &file, record.size));
            *guard = Some(file);
            break;
        }
        expected = Some(file.written + data.len() as u64);
        let wrote = blocking(move || {
            let done = file
                .append(&data)
                .and_then(|()| if file.written - file.synced >= SYNC_BYTES { file.sync() } else { Ok(()) });
            Ok((file, done))
        });
        let (file, done) = wrote.await?;
        let (synced, at_sync) = (file.synced, file.synced == file.written);
        *guard = Some(file);
        if let Err(error) = done {
            // What was written since the last sync may be anything: the next opening starts from there.
            *guard = None;
            let code = if error.kind() == std::io::ErrorKind::StorageFull { Code::NoSpace } else { Code::Internal };
            return Err(Failure::new(code, "the spool cannot be written").because(error));
        }
        if at_sync {
            live.offset.send_replace(synced);
            let _ = acks.try_send(Ok(v1::AppendResponse { durable_offset: synced }));
            let mut alive = Ok(());
            if renewed.elapsed() >= RENEW_INTERVAL {
                alive = service.renew(&record).await;
                renewed = tokio::time::Instant::now();
            }
            if let Err(failure) = alive.and_then(|()| service.check_room(0, false)) {
                ended = Err(failure);
                break;
            }
        }
        if replaced.is_cancelled() {
            break;
        }
    }
    if let Some(mut file) = guard.take() {
        let (file, synced) = blocking(move || {
            let synced = file.sync();
            Ok((file, synced))
        })
        .await?;
        if let Err(error) = synced {
            return Err(Failure::new(Code::Internal, "the spool cannot be synced").because(error));
        }
        live.offset.send_replace(file.synced);
        let _ = acks.try_send(Ok(v1::AppendResponse { durable_offset: file.synced }));
        *guard = Some(file);
    }
    ended
}

fn misplaced(offset: u64, file: &SpoolFile, size: Option<u64>) -> Failure {
    match size {
        Some(size) if offset == file.written => {
            Failure::new(Code::Invalid, format!("more than the {size} bytes that were announced"))
        }
        _ => Failure::new(Code::WrongOffset, format!("the upload is at {}, not at {offset}", file.written)),
    }
}

#[tonic::async_trait]
impl Upload for UploadService {
    type AppendStream = Stream_<v1::AppendResponse>;
    type WatchStream = Stream_<v1::Session>;

    async fn begin(&self, request: Request<v1::BeginRequest>) -> Result<Response<v1::BeginResponse>, Status> {
        let session = self.begin_session(request.into_inner()).await.map_err(status)?;
        Ok(Response::new(v1::BeginResponse { session: Some(session) }))
    }

    async fn append(
        &self,
        request: Request<Streaming<v1::AppendRequest>>,
    ) -> Result<Response<Self::AppendStream>, Status> {
        let mut pieces = request.into_inner();
        let (acks, answers) = mpsc::channel(64);
        let service = self.clone();
        tokio::spawn(async move {
            let Ok(Ok(Some(first))) = tokio::time::timeout(APPEND_IDLE, pieces.message()).await else { return };
            if let Err(failure) = service.append_all(first, pieces, acks.clone()).await {
                let _ = acks.send(Err(status(failure))).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn finish(&self, request: Request<v1::FinishRequest>) -> Result<Response<v1::Session>, Status> {
        self.finish_session(request.into_inner()).await.map(Response::new).map_err(status)
    }

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let upload = self.find(&request.into_inner().upload).await.map_err(status)?;
        let (to, answers) = mpsc::channel(4);
        tokio::spawn(self.clone().watch_session(upload, to));
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn abort(&self, request: Request<v1::SessionRef>) -> Result<Response<v1::Session>, Status> {
        let proposer = proposer(&request)?;
        let request = request.into_inner();
        let abort = async {
            let upload = self.find(&request.upload).await?;
            if !request.dry_run {
                self.uploader.meta().propose_for(proposer, Command::UploadAbort { upload }).await?.accepted()?;
                self.uploader.forget(upload);
            }
            self.session(upload).await
        };
        abort.await.map(Response::new).map_err(status)
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        let request = request.into_inner();
        let list = async {
            let limit = check_limit(request.limit)?;
            let mut after = match request.page_token.as_str() {
                "" => None,
                token => Some(upload_id(token)?),
            };
            let state = self.uploader.meta().read().await?;
            let view = state.view();
            let mut answer = v1::ListSessionsResponse::default();
            loop {
                let page = view.uploads(after, PAGE_ITEMS_MAX).map_err(internal)?;
                let Some(last) = page.last() else { return Ok(answer) };
                after = Some(last.id);
                for record in page.iter().filter(|record| request.all || !record.is_over()) {
                    if answer.items.len() >= limit {
                        answer.next_page_token = answer.items.last().map(|s| s.upload.clone()).unwrap_or_default();
                        return Ok(answer);
                    }
                    answer.items.push(self.uploader.session(&view, record)?);
                }
            }
        };
        list.await.map(Response::new).map_err(status)
    }
}

impl Uploader {
    /// A repeated Finish after a restart wakes the work, should nobody have.
    fn process_if_open(&self, session: &v1::Session, upload: UploadId) {
        if !is_over(session.state()) && session.node == self.node().0 {
            self.process(upload);
        }
    }
}

fn is_over(state: v1::SessionState) -> bool {
    use v1::SessionState as S;
    matches!(state, S::Ready | S::Rejected | S::Failed | S::Aborted)
}

fn record(view: &View<'_>, upload: UploadId) -> Result<UploadRecord, Failure> {
    let found = view.upload(upload).map_err(internal)?;
    found.ok_or_else(|| Failure::new(Code::NotFound, format!("no upload {upload}")).hint("vsctl session ls --all"))
}

fn upload_id(text: &str) -> Result<UploadId, Failure> {
    text.parse().map_err(|_| invalid(format!("`{text}` is not an upload's id")))
}

/// How a film is to be kept, as people write it.
pub(crate) fn redundancy(text: &str) -> Result<Redundancy, Failure> {
    let (kind, numbers) = text.split_once(':').unwrap_or((text, ""));
    match (kind, numbers) {
        ("" | "auto", "") => Ok(Redundancy::Auto),
        ("replicate", "") => Ok(Redundancy::Replicate(3)),
        ("replicate", n) => {
            n.parse().map(Redundancy::Replicate).map_err(|_| invalid(format!("`{n}` is not a number of copies")))
        }
        ("erasure", "" | "3+2") => Ok(Redundancy::Erasure),
        _ => Err(Failure::new(Code::Invalid, format!("`{text}` is no way to keep a film"))
            .hint("auto, replicate:N or erasure:3+2")),
    }
}

/// A file's name without its folders.
fn base_name(name: &str) -> String {
    name.rsplit(['/', '\\']).next().unwrap_or(name).chars().take(FILE_NAME_CHARS_MAX).collect()
}

/// What a film is called that nobody named: its file's name without the ending.
fn title_of(file_name: &str) -> String {
    let name = base_name(file_name);
    let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).trim();
    let title = if stem.is_empty() { name.trim() } else { stem };
    if title.is_empty() { "untitled".to_owned() } else { title.chars().take(vs_core::limit::TITLE_CHARS_MAX).collect() }
}

/// Longest file name that is kept, in characters.
const FILE_NAME_CHARS_MAX: usize = 255;

fn invalid(what: impl Into<String>) -> Failure {
    Failure::new(Code::Invalid, what.into())
}

fn internal(error: vsd_core::meta::TableError) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_come_from_file_names() {
        for (name, title) in [
            ("a/b/My Film.mp4", "My Film"),
            (".mp4", ".mp4"),
            ("", "untitled"),
            ("c:\\x\\naïve名前 'q' $x.mkv", "naïve名前 'q' $x"),
        ] {
            assert_eq!(title_of(name), title);
        }
    }

    #[test]
    fn ways_of_keeping_are_read_strictly() {
        assert_eq!(redundancy("replicate:2"), Ok(Redundancy::Replicate(2)));
        assert_eq!(redundancy("erasure:3+2"), Ok(Redundancy::Erasure));
        for bad in ["raid", "replicate:x", "erasure:9+1", "auto:1"] {
            assert_eq!(redundancy(bad).map_err(|failure| failure.code), Err(Code::Invalid), "{bad}");
        }
    }
}
