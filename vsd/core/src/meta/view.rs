//! Reading the state: typed, and the only way other modules look at it.
//!
//! A view reads whatever tables it is given. Whether they are current, or one consistent picture, is up to who gives
//! them. Lists are paged: at most [`PAGE_ITEMS_MAX`] items, those after the one named.

use vs_core::{
    error::Code,
    hash::Hash,
    id::{AssetId, Ballot, DirId, Epoch, JobId, NodeId, UploadId, Version, VideoId},
    layout::Layout,
    limit::{ID_PREFIX_MIN, PAGE_ITEMS_MAX},
    manifest::{Displaced, Head, Part, Track},
};

use super::{
    family::{self, Family, key, load, page},
    response::Refused,
    table::{
        assets::{AssetFate, AssetRecord, AssetState, Assets},
        clients::{ClientId, ClientRecord, Clients},
        clock::{Clock, Clocks, ClusterTime},
        cluster::{Cluster, ClusterRecord, Ended, incarnation_of},
        counters::{self, Counter},
        dedup::{Dedup, dedup_key},
        dirs::{self, DirRecord, Dirs},
        displaced::{self, Displacements},
        events::{Event, Events},
        jobs::{JobRecord, Jobs},
        layouts::{self, Layouts},
        nodes::{NodeRecord, Nodes},
        parts::Parts,
        settings::{self, SettingName},
        uploads::{TrackOptions, UploadRecord, Uploads},
        videos::{self, VideoRecord, Videos},
    },
    tables::{TableError, Tables},
};

/// Most candidates named when an id or title is ambiguous.
const CANDIDATES_MAX: usize = 10;

/// What a person's way of naming a video means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    One(Box<VideoRecord>),
    /// Up to ten of those it may mean.
    Ambiguous(Vec<VideoRecord>),
    None,
}

impl Resolved {
    /// The one video meant.
    ///
    /// # Errors
    /// When there is none or more than one.
    pub fn one(self, text: &str) -> Result<VideoRecord, Refused> {
        match self {
            Self::One(video) => Ok(*video),
            Self::Ambiguous(_) => Err(Refused::new(Code::Ambiguous, format!("`{text}` names more than one video"))),
            Self::None => Err(Refused::new(Code::NotFound, format!("no video `{text}`"))),
        }
    }
}

/// A setting and whether somebody set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingValue {
    pub name: SettingName,
    pub value: u64,
    pub is_set: bool,
}

type Read<T> = Result<T, TableError>;

/// Typed reads of tables. Each fails only when the tables cannot be read.
#[derive(Clone, Copy)]
pub struct View<'a> {
    tables: &'a dyn Tables,
}

impl std::fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}

#[allow(clippy::missing_errors_doc, reason = "every read fails when the tables cannot be read, and only then")]
impl<'a> View<'a> {
    #[must_use]
    pub fn new(tables: &'a dyn Tables) -> Self {
        Self { tables }
    }

    /// None before the bootstrap.
    pub fn cluster(&self) -> Read<Option<ClusterRecord>> {
        load::<Cluster>(self.tables, &())
    }

    pub fn clock(&self) -> Read<Clock> {
        Ok(load::<Clocks>(self.tables, &())?.unwrap_or_default())
    }

    pub fn cluster_time(&self) -> Read<ClusterTime> {
        Ok(self.clock()?.now)
    }

    pub fn video(&self, id: VideoId) -> Read<Option<VideoRecord>> {
        load::<Videos>(self.tables, &id)
    }

    /// Videos in the order of their ids, those in the trash too.
    pub fn videos(&self, after: Option<VideoId>, limit: u32) -> Read<Vec<VideoRecord>> {
        self.list::<Videos>(after, limit)
    }

    /// Those that share an asset.
    pub fn videos_of(&self, asset: AssetId, limit: u32) -> Read<Vec<VideoRecord>> {
        videos::of_asset(self.tables, asset, clamped(limit))
    }

    /// The video that `text` names: a whole id, a prefix of one, or an exact title.
    pub fn resolve(&self, text: &str) -> Read<Resolved> {
        let mut found = match prefix_range(text) {
            Some((from, to)) => {
                let found = family::range::<Videos>(self.tables, &from, &to, CANDIDATES_MAX + 1)?;
                found.into_iter().map(|(_, video)| video).collect()
            }
            None => Vec::new(),
        };
        for video in videos::with_title(self.tables, text, CANDIDATES_MAX + 1)? {
            if found.iter().all(|known: &VideoRecord| known.id != video.id) {
                found.push(video);
            }
        }
        if found.len() > 1 {
            found.truncate(CANDIDATES_MAX);
            return Ok(Resolved::Ambiguous(found));
        }
        Ok(found.pop().map_or(Resolved::None, |video| Resolved::One(Box::new(video))))
    }

    pub fn asset(&self, id: AssetId) -> Read<Option<AssetRecord>> {
        load::<Assets>(self.tables, &id)
    }

    /// Assets in the order of their ids, dead ones that have a record too.
    pub fn assets(&self, after: Option<AssetId>, limit: u32) -> Read<Vec<AssetRecord>> {
        self.list::<Assets>(after, limit)
    }

    /// What may be done with chunks of an asset, whether or not it still has a record.
    pub fn fate(&self, id: AssetId) -> Read<AssetFate> {
        Ok(match self.asset(id)?.map(|asset| asset.state) {
            Some(AssetState::Open) => AssetFate::Open,
            Some(AssetState::Live) => AssetFate::Live,
            Some(AssetState::Dead) => AssetFate::Dead,
            None if id.0 == 0 || id.0 >= counters::next(self.tables, Counter::Asset)? => AssetFate::Never,
            None => match load::<Ended>(self.tables, &incarnation_of(id.0))? {
                Some(lost_from) if id.0 >= lost_from => AssetFate::Unknown,
                _ => AssetFate::Dead,
            },
        })
    }

    /// What a reader of a live asset needs before it asks for parts.
    pub fn head(&self, id: AssetId) -> Read<Option<Head>> {
        let live = self.asset(id)?.filter(|asset| asset.state == AssetState::Live);
        Ok(live.map(|asset| Head {
            asset: asset.id,
            version: asset.version,
            scheme: asset.scheme,
            since: asset.since,
            tracks: asset.tracks,
        }))
    }

    /// A part in its kept form.
    pub fn part(
        &self,
        asset: AssetId,
        version: Version,
        ballot: Ballot,
        track: &str,
        no: u32,
    ) -> Read<Option<Vec<u8>>> {
        Ok(load::<Parts>(self.tables, &(asset, version, ballot, track.to_owned(), no))?.map(|part| part.0))
    }

    /// The parts of an asset's tracks, in order. One that is not there is an error: it was changed while it was read, or
    /// the tables are damaged.
    pub fn parts_of<'b>(&self, asset: &'b AssetRecord) -> impl Iterator<Item = Read<Part>> + use<'a, 'b> {
        let view = *self;
        let numbered = |track: &'b Track| (0..).zip(&track.parts).map(move |(no, named)| (track, no, named.hash));
        asset.tracks.iter().flat_map(numbered).map(move |(track, no, hash)| {
            let stored = view.part(asset.id, asset.version, track.ballot, &track.name, no)?;
            let named = stored.filter(|bytes| Hash::of(bytes) == hash);
            let part = named.and_then(|bytes| Part::decode(&bytes).ok());
            part.ok_or_else(|| TableError::Read(format!("part {no} of {} of {} is not there", track.name, asset.id)))
        })
    }

    /// Stand-ins and owed members of an asset, after the one named.
    pub fn displaced(&self, asset: AssetId, after: Option<&Displaced>, limit: u32) -> Read<Vec<Displaced>> {
        if !self.asset(asset)?.is_some_and(|asset| asset.is_displaced()) {
            return Ok(Vec::new());
        }
        let after = after.map(|after| displaced::row(asset, after));
        let found = page::<Displacements>(self.tables, &key::<Displacements>(&asset), after.as_ref(), clamped(limit))?;
        Ok(found.into_iter().map(|(row, ())| displaced::displaced(row)).collect())
    }

    /// The live asset that holds these bytes with these options, sound or not.
    pub fn holder(&self, content: &Hash, options: &TrackOptions) -> Read<Option<AssetRecord>> {
        match load::<Dedup>(self.tables, &dedup_key(content, options))? {
            Some(asset) => self.asset(asset),
            None => Ok(None),
        }
    }

    pub fn upload(&self, id: UploadId) -> Read<Option<UploadRecord>> {
        load::<Uploads>(self.tables, &id)
    }

    /// Uploads in the order of their ids, those that ended lately too.
    pub fn uploads(&self, after: Option<UploadId>, limit: u32) -> Read<Vec<UploadRecord>> {
        self.list::<Uploads>(after, limit)
    }

    /// A client's session; none when it is not open.
    pub fn client(&self, id: ClientId) -> Read<Option<ClientRecord>> {
        load::<Clients>(self.tables, &id)
    }

    pub fn node(&self, id: NodeId) -> Read<Option<NodeRecord>> {
        load::<Nodes>(self.tables, &id)
    }

    /// Nodes in the order of their ids, removed ones too.
    pub fn nodes(&self, after: Option<NodeId>, limit: u32) -> Read<Vec<NodeRecord>> {
        self.list::<Nodes>(after, limit)
    }

    /// Data directories of all nodes.
    pub fn dirs(&self, after: Option<DirId>, limit: u32) -> Read<Vec<DirRecord>> {
        self.list::<Dirs>(after, limit)
    }

    pub fn dirs_of(&self, node: NodeId) -> Read<Vec<DirRecord>> {
        dirs::of_node(self.tables, node)
    }

    /// The current epoch; none before the bootstrap.
    pub fn epoch(&self) -> Read<Option<Epoch>> {
        layouts::current(self.tables)
    }

    pub fn layout(&self, epoch: Epoch) -> Read<Option<Layout>> {
        load::<Layouts>(self.tables, &epoch)
    }

    /// The epochs that assets are placed by or pending versions are written by, oldest first, and how many each.
    pub fn epochs(&self) -> Read<Vec<(Epoch, u64)>> {
        layouts::uses(self.tables)
    }

    /// The first epoch by which chunks may be on the node or come to it: from the oldest that places an asset to the
    /// current one.
    pub fn held_by(&self, node: NodeId) -> Read<Option<Epoch>> {
        let mut layouts = layouts::in_force(self.tables)?;
        layouts.extend(self.current_layout()?);
        Ok(layouts.into_iter().find(|layout| layouts::may_hold(layout, node)).map(|layout| layout.epoch))
    }

    /// None before the bootstrap.
    pub fn current_layout(&self) -> Read<Option<Layout>> {
        self.epoch()?.map_or(Ok(None), |epoch| self.layout(epoch))
    }

    /// The layouts from `since` to the current one, oldest first.
    pub fn layouts_since(&self, since: Epoch, limit: u32) -> Read<Vec<Layout>> {
        self.list::<Layouts>(Some(Epoch(since.0.saturating_sub(1))), limit)
    }

    pub fn job(&self, id: JobId) -> Read<Option<JobRecord>> {
        load::<Jobs>(self.tables, &id)
    }

    /// Jobs in the order in which they began, those that ended lately too.
    pub fn jobs(&self, after: Option<JobId>, limit: u32) -> Read<Vec<JobRecord>> {
        self.list::<Jobs>(after, limit)
    }

    pub fn setting(&self, name: SettingName) -> Read<u64> {
        settings::value(self.tables, name)
    }

    /// Every setting there is.
    pub fn settings(&self) -> Read<Vec<SettingValue>> {
        let setting = |&name: &SettingName| {
            let set = load::<settings::Settings>(self.tables, &name.as_str().to_owned())?;
            Ok(SettingValue { name, value: set.unwrap_or(name.default_value()), is_set: set.is_some() })
        };
        SettingName::ALL.iter().map(setting).collect()
    }

    /// Events after the one with this number; 0 for the oldest kept.
    pub fn events(&self, after: u64, limit: u32) -> Read<Vec<Event>> {
        self.list::<Events>(Some(after), limit)
    }

    fn list<F: Family>(&self, after: Option<F::Id>, limit: u32) -> Read<Vec<F::Value>> {
        let found = page::<F>(self.tables, &[F::TAG], after.as_ref(), clamped(limit))?;
        Ok(found.into_iter().map(|(_, value)| value).collect())
    }
}

fn clamped(limit: u32) -> usize {
    usize::try_from(limit.min(PAGE_ITEMS_MAX)).unwrap_or(usize::MAX)
}

/// The keys of all videos whose id begins with `text`, when it can be the beginning of one. Hyphens may stand anywhere.
fn prefix_range(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let nibbles: Option<Vec<u8>> = text.chars().filter(|c| *c != '-').map(nibble).collect();
    let nibbles = nibbles.filter(|nibbles| (ID_PREFIX_MIN..=32).contains(&nibbles.len()))?;
    let bytes = |filler: u8| {
        let padded: Vec<u8> = nibbles.iter().copied().chain(std::iter::repeat(filler)).take(32).collect();
        padded.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<u8>>()
    };
    let from = [vec![Videos::TAG], bytes(0)].concat();
    // one byte longer than any id, so that the last id is inside
    let to = [vec![Videos::TAG], bytes(0xf), vec![0]].concat();
    Some((from, to))
}

fn nibble(digit: char) -> Option<u8> {
    digit.to_digit(16).and_then(|value| u8::try_from(value).ok())
}
