//! One client: asks one operation after another, and writes down what became of each.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::time::sleep;
use tonic::Request;
use vs_client::{Client as Connection, channel::call};
use vs_core::{
    error::{Code, Failure},
    id::UploadId,
};
use vs_wire::v1;

use super::{Record, recording::Shared};
use crate::{
    crash::Dice,
    linear::{
        Operation,
        videos::{Input, Output, VideoState},
    },
};

/// How long a node is waited for. One without a quorum says so within two seconds; others are asked instead of waiting for that.
const ATTEMPT: Duration = Duration::from_millis(1_500);
/// How long an operation is tried before its outcome is taken for unknown. The first client has no patience at all, so that there
/// are such outcomes.
const PATIENCE: Duration = Duration::from_secs(5);
const IMPATIENT: usize = 0;
/// How long it waits before it asks another node.
const PAUSE: Duration = Duration::from_millis(30);
/// One in so many operations goes to another node than the one before, though that answered.
const MOVES: u64 = 8;
/// Statuses of all videos, those in the trash too.
const ALL: [v1::VideoStatus; 5] = [
    v1::VideoStatus::Uploading,
    v1::VideoStatus::Processing,
    v1::VideoStatus::Ready,
    v1::VideoStatus::Failed,
    v1::VideoStatus::Trashed,
];
/// Items of one page: more than there are videos.
const PAGE_ITEMS: u32 = 1_000;

/// What clients do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Create,
    Rename,
    CompareAndSet,
    Delete,
    Read,
    List,
}

/// One operation as it is asked, however often.
#[derive(Clone, Debug)]
enum Ask {
    Create { upload: String },
    Edit { title: Arc<str>, if_revision: Option<u64> },
    Delete,
    Read,
    List,
}

/// What makes a repeated call the same one (CON-3).
#[derive(Clone, Debug)]
struct Stamp {
    session: String,
    seq: u64,
}

impl Stamp {
    fn on<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        metadata.insert("vs-client", self.session.parse().expect("a UUID"));
        metadata.insert("vs-seq", self.seq.into());
        request
    }
}

pub(super) struct Client {
    no: usize,
    shared: Arc<Shared>,
    dice: Dice,
    /// The node that is asked, and the connections to all that were.
    at: usize,
    connections: Vec<Option<Connection>>,
    /// The session, and the number of its last call.
    session: Option<Stamp>,
    asked: u64,
}

impl Client {
    pub(super) fn new(no: usize, shared: Arc<Shared>, dice: Dice) -> Self {
        let nodes = shared.endpoints.len();
        let connections = vec![None; nodes];
        Self { no, shared, dice, at: no % nodes, connections, session: None, asked: 0 }
    }

    /// Goes on until it is over.
    pub(super) async fn run(mut self) -> Vec<Record> {
        let mut records = Vec::new();
        while !self.shared.is_over.load(Ordering::SeqCst) {
            if self.dice.below(MOVES) == 0 {
                self.at = self.index(self.connections.len());
            }
            let film = self.index(self.shared.films.len());
            let (kind, ask) = self.draw(film);
            records.push(self.operate(kind, film, &ask).await);
        }
        records
    }

    /// Reads every video once.
    pub(super) async fn read_all(mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for film in 0..self.shared.films.len() {
            let record = self.operate(Kind::Read, film, &Ask::Read).await;
            assert!(record.is_known, "a healed cluster answers");
            records.push(record);
        }
        records
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.dice.below(end as u64)).expect("below a usize")
    }

    fn draw(&mut self, film: usize) -> (Kind, Ask) {
        self.asked += 1;
        let title = Arc::from(format!("film {film}, {} of client {}", self.asked, self.no));
        match self.dice.below(20) {
            0..=3 => (Kind::Create, Ask::Create { upload: self.uuid() }),
            4..=6 => (Kind::Rename, Ask::Edit { title, if_revision: None }),
            7..=10 => {
                // what anybody saw last, so that several try the same
                let if_revision = Some(self.shared.revisions[film].load(Ordering::SeqCst));
                (Kind::CompareAndSet, Ask::Edit { title, if_revision })
            }
            11..=13 => (Kind::Delete, Ask::Delete),
            14..=17 => (Kind::Read, Ask::Read),
            _ => (Kind::List, Ask::List),
        }
    }

    fn uuid(&mut self) -> String {
        let bytes = [self.dice.roll().to_le_bytes(), self.dice.roll().to_le_bytes()].concat();
        UploadId::from_random(bytes.try_into().expect("16 bytes")).to_string()
    }

    async fn operate(&mut self, kind: Kind, film: usize, ask: &Ask) -> Record {
        let stamp = match ask {
            Ask::Read | Ask::List => None,
            _ => Some(self.stamp().await),
        };
        let called = self.shared.now();
        let answer = self.persist(film, ask, stamp.as_ref()).await;
        let returned = self.shared.now();
        if answer.is_none() {
            self.session = None;
        } else {
            self.shared.completed.fetch_add(1, Ordering::SeqCst);
        }
        let is_known = answer.is_some();
        let (output, videos) = match answer {
            Some(Ok(videos)) => (Some(Output::Done(videos.first().map(|video| video.revision))), videos),
            Some(Err(())) => (Some(Output::Conflict), Vec::new()),
            None => (None, Vec::new()),
        };
        let operation = |input, output| Operation { client: self.no, input, output, called, returned };
        let change = input(ask).map(|input| (film, operation(input, output)));
        let look = |(film, state): (usize, VideoState)| match &change {
            None => (film, operation(Input::Read, Some(Output::Seen(state)))),
            Some(_) => {
                let VideoState { trashed, title, .. } = state;
                (film, operation(Input::Read, Some(Output::Glimpsed { trashed, title })))
            }
        };
        let looks: Vec<_> = self.seen(&videos).into_iter().map(look).collect();
        let operations = change.into_iter().chain(looks).collect();
        let about = (!matches!(ask, Ask::List)).then_some(film);
        Record { kind, film: about, client: self.no, called, returned, is_known, operations }
    }

    /// The states of the videos that an answer shows.
    fn seen(&self, videos: &[v1::Video]) -> Vec<(usize, VideoState)> {
        let seen = videos.iter().map(|video| {
            let film = self.shared.films.iter().position(|film| film.id == video.id);
            let film = film.unwrap_or_else(|| panic!("a video that nobody created: {video:?}"));
            let state = state_of(video);
            self.shared.revisions[film].fetch_max(state.revision, Ordering::SeqCst);
            (film, state)
        });
        seen.collect()
    }

    /// The stamp of a new call, in a new session after one that nobody knows the end of.
    async fn stamp(&mut self) -> Stamp {
        while self.session.is_none() {
            let session = self.uuid();
            let request = v1::OpenClientRequest { client: session.clone() };
            let opened = match self.connection().await {
                Ok(connection) => call(ATTEMPT, connection.meta().open_client(request)).await.map(drop),
                Err(failure) => Err(failure),
            };
            match opened {
                Ok(()) => self.session = Some(Stamp { session, seq: 0 }),
                Err(failure) => self.move_on(&failure).await,
            }
        }
        let stamp = self.session.as_mut().expect("just opened");
        stamp.seq += 1;
        stamp.clone()
    }

    /// Asks until the outcome is known; none when it is not after all. An error is a conflict.
    async fn persist(&mut self, film: usize, ask: &Ask, stamp: Option<&Stamp>) -> Option<Result<Vec<v1::Video>, ()>> {
        let began = Instant::now();
        let patience = if self.no == IMPATIENT { Duration::ZERO } else { PATIENCE };
        loop {
            match self.attempt(film, ask, stamp).await {
                Ok(videos) => return Some(Ok(videos)),
                Err(failure) if failure.code == Code::Conflict && stamp.is_some() => return Some(Err(())),
                Err(failure) => self.move_on(&failure).await,
            }
            if began.elapsed() > patience {
                return None;
            }
        }
    }

    async fn attempt(&mut self, film: usize, ask: &Ask, stamp: Option<&Stamp>) -> Result<Vec<v1::Video>, Failure> {
        let connection = self.connection().await?;
        let film = &self.shared.films[film];
        let video = film.id.clone();
        match (ask, stamp) {
            (Ask::Create { upload }, Some(stamp)) => {
                let request = v1::BeginRequest {
                    upload: upload.clone(),
                    file_name: film.file_name.clone(),
                    size: film.bytes,
                    sha256: film.sha256.clone(),
                    ..v1::BeginRequest::default()
                };
                let answer = call(ATTEMPT, connection.upload().begin(stamp.on(request))).await?;
                let session = answer.session.expect("a session");
                assert!(session.deduplicated && session.video == film.id, "the library has these bytes: {session:?}");
                Ok(Vec::new())
            }
            (Ask::Edit { title, if_revision }, Some(stamp)) => {
                let request = v1::EditVideoRequest {
                    video,
                    title: Some(title.to_string()),
                    if_revision: if_revision.unwrap_or(0),
                    ..v1::EditVideoRequest::default()
                };
                Ok(vec![call(ATTEMPT, connection.meta().edit_video(stamp.on(request))).await?])
            }
            (Ask::Delete, Some(stamp)) => {
                let request = v1::VideoRef { video, dry_run: false };
                Ok(vec![call(ATTEMPT, connection.meta().trash_video(stamp.on(request))).await?])
            }
            (Ask::Read, None) => {
                let request = v1::GetVideoRequest { video, ..v1::GetVideoRequest::default() };
                let answer = call(ATTEMPT, connection.meta().get_video(request)).await?;
                Ok(vec![answer.video.expect("a video")])
            }
            (Ask::List, None) => {
                let statuses = ALL.into_iter().map(Into::into).collect();
                let request = v1::ListVideosRequest { limit: PAGE_ITEMS, statuses, ..v1::ListVideosRequest::default() };
                let items = call(ATTEMPT, connection.meta().list_videos(request)).await?.items;
                assert_eq!(items.len(), self.shared.films.len(), "every video, once: {items:?}");
                Ok(items)
            }
            _ => unreachable!("changes have a stamp, and nothing else has"),
        }
    }

    async fn connection(&mut self) -> Result<Connection, Failure> {
        if let Some(connection) = &self.connections[self.at] {
            return Ok(connection.clone());
        }
        let endpoint = [self.shared.endpoints[self.at].clone()];
        let connection = Connection::connect(&endpoint, ATTEMPT).await?;
        self.connections[self.at] = Some(connection.clone());
        Ok(connection)
    }

    /// Turns to the next node, unless the failure is one that must not be.
    async fn move_on(&mut self, failure: &Failure) {
        assert!(failure.code.retryable(), "client {} was told {}: {failure}", self.no, failure.code);
        if matches!(failure.code, Code::Unreachable | Code::Timeout) {
            self.connections[self.at] = None;
        }
        self.at = (self.at + 1) % self.connections.len();
        sleep(PAUSE).await;
    }
}

/// What an operation does to the video, apart from looking at it.
fn input(ask: &Ask) -> Option<Input> {
    match ask {
        Ask::Create { .. } => Some(Input::Create),
        Ask::Edit { title, if_revision: None } => Some(Input::Rename(Some(title.clone()))),
        Ask::Edit { title, if_revision: Some(revision) } => {
            Some(Input::CompareAndSet { revision: *revision, title: Some(title.clone()) })
        }
        Ask::Delete => Some(Input::Delete),
        Ask::Read | Ask::List => None,
    }
}

/// A video as the model sees it.
pub(super) fn state_of(video: &v1::Video) -> VideoState {
    let trashed = match video.status() {
        v1::VideoStatus::Ready => false,
        v1::VideoStatus::Trashed => true,
        other => panic!("a film that was ready is {other:?}: {video:?}"),
    };
    VideoState { trashed, title: Some(video.title.as_str().into()), revision: video.revision }
}
