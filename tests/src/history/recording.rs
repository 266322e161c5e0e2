//! A history while it happens.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{runtime::Runtime, task::JoinHandle};
use vs_client::{Client as Connection, channel::call};
use vs_wire::v1;

use super::{
    Film, History, Record,
    client::{Client, state_of},
};
use crate::{
    Cluster,
    clip::{Clip, numbered},
    crash::Dice,
    program::PATIENCE,
    sha256, wait_for,
};

/// What all clients of a history know.
#[derive(Debug)]
pub(super) struct Shared {
    began: Instant,
    pub(super) endpoints: Vec<String>,
    pub(super) films: Vec<Film>,
    /// The last revision of each that any of them saw.
    pub(super) revisions: Vec<AtomicU64>,
    pub(super) completed: AtomicUsize,
    pub(super) is_over: AtomicBool,
}

impl Shared {
    /// Microseconds since the history began.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Clients at work.
#[derive(Debug)]
pub struct Recording {
    shared: Arc<Shared>,
    runtime: Runtime,
    clients: Vec<JoinHandle<Vec<Record>>>,
}

impl Recording {
    /// Uploads so many films, and has so many clients do what they do to them.
    #[must_use]
    pub fn start(cluster: &Cluster, clients: usize, films: u64, dice: &mut Dice) -> Self {
        let runtime = Runtime::new().expect("threads");
        let upload = |number| uploaded(cluster, number, &runtime);
        let films: Vec<_> = (0..films).map(upload).collect();
        let shared = Arc::new(Shared {
            began: Instant::now(),
            endpoints: cluster.endpoints(),
            revisions: films.iter().map(|film| AtomicU64::new(film.begin.revision)).collect(),
            films,
            completed: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let client = |no| runtime.spawn(Client::new(no, shared.clone(), dice.another()).run());
        let clients = (0..clients).map(client).collect();
        Self { shared, runtime, clients }
    }

    /// Operations whose outcome is known.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.shared.completed.load(Ordering::SeqCst)
    }

    /// Waits until so many more operations are completed, or a client has failed.
    pub fn await_more(&self, operations: usize) {
        let enough = self.completed() + operations;
        wait_for("clients to be answered", || (self.completed() >= enough || self.has_failed()).then_some(()));
    }

    /// Whether some client has ended by itself: the end says why.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.clients.iter().any(JoinHandle::is_finished)
    }

    /// Lets every client end its operation, and reads every video a last time.
    ///
    /// # Panics
    /// When a client was answered what it must not be.
    #[must_use]
    pub fn finish(self) -> History {
        let Self { shared, runtime, clients } = self;
        shared.is_over.store(true, Ordering::SeqCst);
        let ends = async {
            let last = clients.len();
            let mut records = Vec::new();
            for client in clients {
                records.extend(client.await.expect("a client failed"));
            }
            records.extend(Client::new(last, shared.clone(), Dice::seeded(1)).read_all().await);
            records
        };
        let records = runtime.block_on(async { tokio::time::timeout(PATIENCE, ends).await.expect("clients end") });
        History::new(shared.films.clone(), records)
    }
}

/// A film of its own in the library.
fn uploaded(cluster: &Cluster, number: u64, runtime: &Runtime) -> Film {
    /// A cluster that nobody disturbs answers at once.
    const TIMEOUT: Duration = Duration::from_secs(30);
    let path = numbered(Clip::Short, number, &cluster.work());
    let video = cluster.tools(0).upload(&path, &["--title", &format!("film {number}")]);
    assert_eq!(video.said["status"], "ready", "{}", video.said);
    let look = async {
        let connection = Connection::connect(&cluster.endpoints()[..1], TIMEOUT).await?;
        let request = v1::GetVideoRequest { video: video.id.clone(), ..v1::GetVideoRequest::default() };
        call(TIMEOUT, connection.meta().get_video(request)).await
    };
    let detail = runtime.block_on(look).unwrap_or_else(|failure| panic!("{failure}"));
    let sha256_told: String = detail.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(sha256_told, sha256(&path), "the bytes by which it is created again");
    Film {
        id: video.id,
        sha256: detail.sha256,
        bytes: std::fs::metadata(&path).expect("a film").len(),
        file_name: path.file_name().expect("a name").to_string_lossy().into_owned(),
        begin: state_of(&detail.video.expect("a video")),
    }
}
