//! What clients do while things go wrong: upload films, bring them back, read chunks, change and read metadata.
//!
//! Each of them goes on for as long as the lab does, whatever happens, and tells the oracle.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use uuid::Uuid;
use vs_client::{Client, Reach, Session, chunk::ChunkClient, film::Film, reader::Reader};
use vs_core::{
    error::{Code, Failure},
    hash::Hasher,
    manifest::{ORIGINAL, Part, Track},
};
use vs_wire::v1;

use super::{
    clip::Clips,
    oracle::{Ended, Op, Oracle, Safe},
};
use crate::{
    desk::Desk,
    progress::Board,
    upload::{
        Pace,
        collect::Input,
        options::{OnDuplicate, Options, Redundancy, Wait},
        run::{Plan, one},
    },
};

/// The tag of every video that a lab makes; its value tells labs apart.
pub(crate) const TAG: &str = "lab";
/// How long one operation may take before its client gives up.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(90);
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long clients wait before they do the same again.
const UPLOAD_PAUSE: Duration = Duration::from_millis(500);
const CHUNK_PAUSE: Duration = Duration::from_millis(20);
const CALL_PAUSE: Duration = Duration::from_millis(50);
/// Films that are uploaded, at most; the later ones are read as the earlier ones are.
const FILMS_MAX: usize = 200;

/// Films that are played.
const PLAYED_MAX: usize = 3;

/// The clients of one lab, and what they were told.
#[derive(Debug)]
pub(crate) struct Load {
    /// What tells this lab's videos from others.
    pub(crate) name: String,
    pub(crate) oracle: RefCell<Oracle>,
    began: Instant,
    is_over: Cell<bool>,
    clips: RefCell<Clips>,
    uploader: Desk,
    reach: Reach,
    session: Session,
    chunks: ChunkClient,
}

impl Load {
    pub(crate) fn new(clips: Clips, endpoints: &[String], desk: &Desk) -> Self {
        let reach = Reach::new(endpoints.to_vec());
        Self {
            name: Uuid::new_v4().simple().to_string(),
            oracle: RefCell::default(),
            began: Instant::now(),
            is_over: Cell::new(false),
            clips: RefCell::new(clips),
            uploader: desk.aside(endpoints),
            session: Session::new(Reach::new(endpoints.to_vec())),
            reach,
            chunks: ChunkClient::new(),
        }
    }

    /// Since the lab began.
    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Clients begin nothing more.
    pub(crate) fn end(&self) {
        self.is_over.set(true);
    }

    /// Everything at once, until the end.
    pub(crate) async fn run(&self) {
        let register = self.oracle.borrow().films.first().map(|film| film.video.clone()).unwrap_or_default();
        tokio::join!(self.uploads(), self.downloads(), self.plays(), self.writes(&register), self.looks(&register));
    }

    fn ended(&self, op: Op, ended: Ended) {
        let now = self.now();
        self.oracle.borrow_mut().ended(op, ended, now);
    }

    async fn uploads(&self) {
        while !self.is_over.get() && self.oracle.borrow().films.len() < FILMS_MAX {
            // why it failed is the oracle's to know
            let _ = self.upload().await;
            tokio::time::sleep(UPLOAD_PAUSE).await;
        }
    }

    /// Uploads a film that nobody has seen yet.
    pub(crate) async fn upload(&self) -> Result<(), Failure> {
        let path = self.clips.borrow_mut().next()?;
        let plan = Plan {
            options: Options {
                title: Some(format!("lab {}", &self.name[..8])),
                description: String::new(),
                tags: vec![v1::Tag { key: TAG.to_owned(), value: self.name.clone() }],
                keep_original: true,
                redundancy: Redundancy::Auto,
                on_duplicate: OnDuplicate::Error,
            },
            wait: Wait::Stored,
            pace: Pace::new(None),
            resumable: false,
            cluster: String::new(),
            session: None,
        };
        let (input, board) = (Input::File(path.clone()), Board::new(&self.uploader));
        let uploaded = tokio::time::timeout(UPLOAD_TIMEOUT, one(&input, &plan, &board, &self.uploader)).await;
        let _ = std::fs::remove_file(&path);
        let Ok(outcome) = uploaded else {
            self.ended(Op::Upload, Ended::Unknown);
            return Ok(());
        };
        if let Some(failure) = outcome.failure {
            self.ended(Op::Upload, Ended::of(&failure));
            return Err(failure);
        }
        let Some(video) = outcome.session.map(|session| session.video).filter(|video| !video.is_empty()) else {
            self.ended(Op::Upload, Ended::Unknown);
            return Err(Failure::new(Code::Internal, "an upload was acknowledged without its video's name"));
        };
        let film = Safe { video, sha256: outcome.sha256.unwrap_or_default() };
        self.oracle.borrow_mut().films.push(film);
        self.ended(Op::Upload, Ended::Acknowledged);
        Ok(())
    }

    /// Brings one film back after the other.
    async fn downloads(&self) {
        for nth in 0.. {
            if self.is_over.get() {
                return;
            }
            let films = self.oracle.borrow().films.len().max(1);
            let film = self.oracle.borrow().films.get(nth % films).cloned();
            if let Some(film) = film {
                // what failed was told
                let _ = self.download(&film).await;
            }
            tokio::time::sleep(CHUNK_PAUSE).await;
        }
    }

    /// Plays the first films over and over: whoever plays needs metadata to begin, and then no more.
    async fn plays(&self) {
        let mut begun: Vec<(Reader, Vec<Part>)> = Vec::new();
        for nth in 0.. {
            if self.is_over.get() {
                return;
            }
            let next = self.oracle.borrow().films.get(begun.len()).filter(|_| begun.len() < PLAYED_MAX).cloned();
            if let Some(film) = next
                && let Ok(opened) = self.open(&film).await
            {
                begun.push(opened);
            }
            if let Some((reader, parts)) = begun.get(nth % begun.len().max(1)) {
                for part in parts {
                    // what failed was told
                    let _ = self.chunks_of(reader, part, |_| ()).await;
                }
            }
            tokio::time::sleep(CHUNK_PAUSE).await;
        }
    }

    /// Brings a film back, chunk by chunk, and compares it; whether it is what was uploaded.
    pub(crate) async fn download(&self, film: &Safe) -> Result<bool, Failure> {
        let hash = match self.whole(&film.video).await {
            Ok(hash) => hash,
            Err(failure) => {
                self.ended(Op::Download, Ended::Failed);
                return Err(failure);
            }
        };
        self.ended(Op::Download, Ended::Acknowledged);
        Ok(self.oracle.borrow_mut().came_back(film, &hash))
    }

    async fn whole(&self, video: &str) -> Result<String, Failure> {
        let reader = Reader::new(Film::load_from(&self.reach, video, false, CALL_TIMEOUT).await?, false);
        let mut hasher = Hasher::default();
        let film = reader.film();
        let track = film
            .track(ORIGINAL)
            .ok_or_else(|| Failure::new(Code::NotFound, format!("video {video} has no original")))?;
        self.read(&reader, track, |bytes| hasher.update(bytes)).await?;
        Ok(hasher.finish().to_string())
    }

    /// All that is needed to play a film.
    async fn open(&self, film: &Safe) -> Result<(Reader, Vec<Part>), Failure> {
        let reader = Reader::new(Film::load_from(&self.reach, &film.video, true, CALL_TIMEOUT).await?, true);
        let mut parts = Vec::new();
        for track in reader.film().tracks.iter().filter(|track| track.name != ORIGINAL) {
            for no in numbers(track) {
                parts.push(reader.part(&track.name, no).await?);
            }
        }
        Ok((reader, parts))
    }

    async fn read(&self, reader: &Reader, track: &Track, mut take: impl FnMut(&[u8])) -> Result<(), Failure> {
        for no in numbers(track) {
            let part = reader.part(&track.name, no).await?;
            self.chunks_of(reader, &part, &mut take).await?;
        }
        Ok(())
    }

    async fn chunks_of(&self, reader: &Reader, part: &Part, mut take: impl FnMut(&[u8])) -> Result<(), Failure> {
        for chunk in part.segments.iter().flat_map(|segment| &segment.chunks) {
            let read = reader.chunk(&self.chunks, part, chunk).await;
            self.ended(Op::Chunk, if read.is_ok() { Ended::Acknowledged } else { Ended::Failed });
            take(&read?);
            tokio::time::sleep(CHUNK_PAUSE).await;
        }
        Ok(())
    }

    /// Writes higher and higher numbers into the register: the description of a film.
    async fn writes(&self, register: &str) {
        while !self.is_over.get() {
            let number = self.oracle.borrow_mut().write();
            let request = v1::EditVideoRequest {
                video: register.to_owned(),
                description: Some(number.to_string()),
                ..v1::EditVideoRequest::default()
            };
            let edit = |client: Client, request| async move { client.meta().edit_video(request).await };
            match self.session.change(CALL_TIMEOUT, request, edit).await {
                Ok(_) => {
                    self.oracle.borrow_mut().written(number);
                    self.ended(Op::Write, Ended::Acknowledged);
                }
                Err(failure) => self.ended(Op::Write, Ended::of(&failure)),
            }
            tokio::time::sleep(CALL_PAUSE).await;
        }
    }

    /// Reads the register.
    async fn looks(&self, register: &str) {
        while !self.is_over.get() {
            let floor = self.oracle.borrow().floor();
            let request = v1::GetVideoRequest { video: register.to_owned(), ..v1::GetVideoRequest::default() };
            let get = |client: Client, request| async move { client.meta().get_video(request).await };
            match self.reach.ask(CALL_TIMEOUT, request, get).await {
                Ok(answer) => {
                    let description = answer.value.video.map(|video| video.description).unwrap_or_default();
                    self.oracle.borrow_mut().looked(floor, description.parse().unwrap_or(0));
                    self.ended(Op::Read, Ended::Acknowledged);
                }
                Err(_) => self.ended(Op::Read, Ended::Failed),
            }
            tokio::time::sleep(CALL_PAUSE).await;
        }
    }

    /// Removes every video of this lab for good, those too of which nobody knows whether they were taken.
    pub(crate) async fn clean_up(&self) -> Result<(), Failure> {
        let mut page_token = String::new();
        loop {
            let request = v1::ListVideosRequest { page_token, ..v1::ListVideosRequest::default() };
            let list = |client: Client, request| async move { client.meta().list_videos(request).await };
            let page = self.reach.ask(CALL_TIMEOUT, request, list).await?.value;
            let is_ours = |tag: &v1::Tag| tag.key == TAG && tag.value == self.name;
            for video in page.items.into_iter().filter(|video| video.tags.iter().any(is_ours)) {
                let request = v1::VideoRef { video: video.id, dry_run: false };
                let purge = |client: Client, request| async move { client.meta().purge_video(request).await };
                self.session.change(CALL_TIMEOUT, request, purge).await?;
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                self.session.close().await;
                return Ok(());
            }
        }
    }
}

/// The numbers of a track's parts.
fn numbers(track: &Track) -> std::ops::Range<u32> {
    0..u32::try_from(track.parts.len()).unwrap_or(u32::MAX)
}
