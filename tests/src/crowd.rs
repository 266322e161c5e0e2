//! Many people at once: some upload, some download, some play, and each of them requires that all goes well.

use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, Scope, ScopedJoinHandle},
    time::Duration,
};

use crate::{
    Tools,
    clip::{Clip, numbered},
    crash::Dice,
    redundancy::Film,
};

pub const CLIENTS: u64 = 20;
/// Of five clients one uploads, two download and two play.
const ROLES: u64 = 5;
/// What a person does between two things.
const PAUSE: Duration = Duration::from_secs(1);

/// What there is to be watched: it grows by what the crowd uploads.
#[derive(Debug, Default)]
pub struct Shelf {
    films: Mutex<Vec<Stored>>,
    /// How often the cluster was changed so far.
    pub changes: AtomicUsize,
    pub reads: AtomicU64,
    pub uploads: AtomicU64,
}

/// A film, and how often the cluster had been changed when its upload began.
#[derive(Clone, Debug)]
pub struct Stored {
    pub film: Film,
    pub since: usize,
}

impl Shelf {
    /// What is there before anybody comes.
    #[must_use]
    pub fn with(films: &[Film]) -> Self {
        let shelf = Self::default();
        films.iter().for_each(|film| shelf.add(film.clone(), 0));
        shelf
    }

    fn add(&self, film: Film, since: usize) {
        self.films.lock().unwrap_or_else(PoisonError::into_inner).push(Stored { film, since });
    }

    /// All that was acknowledged so far.
    #[must_use]
    pub fn all(&self) -> Vec<Stored> {
        self.films.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn some(&self, dice: &mut Dice) -> Film {
        let films = self.films.lock().unwrap_or_else(PoisonError::into_inner);
        let at = usize::try_from(dice.below(films.len() as u64)).unwrap_or(0);
        films[at].film.clone()
    }

    /// Lets everybody in; they leave when it is over.
    pub fn open<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        tools: &Tools,
        work: &Path,
        is_over: &'env AtomicBool,
    ) -> Vec<ScopedJoinHandle<'scope, ()>> {
        let client = |no: u64| {
            let tools = tools.someone_else(&format!("client-{no}")).yielding();
            let folder = work.join(format!("client-{no}"));
            std::fs::create_dir_all(&folder).expect("a new folder");
            scope.spawn(move || {
                let mut dice = Dice::seeded(no.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                for turn in 0.. {
                    if is_over.load(Ordering::SeqCst) {
                        return;
                    }
                    match no % ROLES {
                        0 => self.upload(&tools, no * 1_000_000 + turn, &folder),
                        role => self.read(&tools, &mut dice, role <= 2, &folder),
                    }
                    thread::sleep(PAUSE);
                }
            })
        };
        (0..CLIENTS).map(client).collect()
    }

    fn upload(&self, tools: &Tools, number: u64, folder: &Path) {
        let since = self.changes.load(Ordering::SeqCst);
        let film = Film::store(tools, &numbered(Clip::Short, number, folder), &[]);
        self.uploads.fetch_add(1, Ordering::SeqCst);
        self.add(film, since);
    }

    fn read(&self, tools: &Tools, dice: &mut Dice, downloads: bool, folder: &Path) {
        let mut film = self.some(dice);
        // what comes back lies beside the path, and others may be reading the same film
        film.path = folder.join("film.mp4");
        if downloads {
            film.assert_downloads(tools, &[])
        } else {
            film.assert_plays(tools, &[])
        }
        self.reads.fetch_add(1, Ordering::SeqCst);
    }
}
