//! By which scheme an asset is to be kept (DESIGN §6): what was asked for, or else what its age and its views say.
//!
//! Invariants:
//! - Between the two limits of views an asset stays as it is, so that it is not recoded back and forth.
//! - Nothing becomes coded without a node for each member of a stripe. What is coded already stays so when nodes go:
//!   whole copies of everything would need twice the room just when there is less of it.

use std::fmt;

use vs_core::{id::AssetId, layout::Scheme, limit::PAGE_ITEMS_MAX};

use crate::meta::{AssetRecord, ClusterTime, Redundancy, SettingName, TableError, View};

/// The settings that decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    pub hot_views: u64,
    pub cold_views: u64,
    pub min_age_ms: u64,
}

impl Policy {
    /// # Errors
    /// When the tables cannot be read.
    pub fn of(view: View<'_>) -> Result<Self, TableError> {
        Ok(Self {
            hot_views: view.setting(SettingName::PolicyHotViews)?,
            cold_views: view.setting(SettingName::PolicyColdViews)?,
            min_age_ms: view.setting(SettingName::PolicyMinAge)?,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temperature {
    /// Kept as whole copies: fast to read, wherever from.
    Hot,
    /// Kept in stripes: safe and small.
    Cold,
}

/// Why a scheme is the one that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Somebody asked for it.
    Asked,
    /// It is younger than `policy.min_age`.
    Young,
    /// It has so many views.
    Views(u64),
    /// Somebody cancelled its last migration, a while ago at most.
    Cancelled,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked for"),
            Self::Young => f.write_str("new"),
            Self::Cancelled => f.write_str("its migration was cancelled"),
            Self::Views(1) => f.write_str("1 view"),
            Self::Views(views) => write!(f, "{views} views"),
        }
    }
}

/// It would be coded if the layout had more nodes than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deferred {
    pub nodes: usize,
}

impl fmt::Display for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "erasure deferred: {} nodes needed, {} up", Scheme::CODED.width(), self.nodes)
    }
}

/// By which scheme an asset is to be kept now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub scheme: Scheme,
    pub why: Why,
    /// Why that is not the scheme it ought to have.
    pub deferred: Option<Deferred>,
}

/// Views of all videos that show an asset.
///
/// # Errors
/// When the tables cannot be read.
pub fn views_of(view: View<'_>, asset: AssetId) -> Result<u64, TableError> {
    let videos = view.videos_of(asset, PAGE_ITEMS_MAX)?;
    Ok(videos.iter().fold(0, |views: u64, video| views.saturating_add(video.views)))
}

/// How warm an asset is, were nobody to ask for anything else.
#[must_use]
pub fn temperature(asset: &AssetRecord, views: u64, now: ClusterTime, policy: &Policy) -> (Temperature, Why) {
    if asset.begun_at.plus_ms(policy.min_age_ms) > now {
        return (Temperature::Hot, Why::Young);
    }
    // with the limits the wrong way round there is only one
    let limit = if asset.scheme.is_coded() { policy.hot_views } else { policy.cold_views.min(policy.hot_views) };
    (if views > limit { Temperature::Hot } else { Temperature::Cold }, Why::Views(views))
}

/// The scheme for an asset with so many views in all, on a layout that places on so many nodes.
#[must_use]
pub fn wanted_scheme(
    asset: &AssetRecord,
    views: u64,
    now: ClusterTime,
    policy: &Policy,
    layout_nodes: usize,
) -> Wanted {
    if now < asset.left_alone_until {
        return Wanted { scheme: asset.scheme, why: Why::Cancelled, deferred: None };
    }
    let (scheme, why) = match asset.redundancy {
        Redundancy::Replicate(copies) => (Scheme::Replicate(copies), Why::Asked),
        Redundancy::Erasure => (Scheme::CODED, Why::Asked),
        Redundancy::Auto => match temperature(asset, views, now, policy) {
            (Temperature::Hot, why) => (Scheme::REPLICATED, why),
            (Temperature::Cold, why) => (Scheme::CODED, why),
        },
    };
    if !scheme.is_coded() || layout_nodes >= scheme.width() {
        return Wanted { scheme, why, deferred: None };
    }
    if asset.scheme.is_coded() {
        return Wanted { scheme: asset.scheme, why, deferred: None };
    }
    Wanted { scheme: Scheme::REPLICATED, why, deferred: Some(Deferred { nodes: layout_nodes }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::test::{World, begin, video_id};

    const POLICY: Policy = Policy { hot_views: 1_000, cold_views: 800, min_age_ms: 24 * 3_600_000 };
    const OLD: ClusterTime = ClusterTime(POLICY.min_age_ms);
    const YOUNG: ClusterTime = ClusterTime(POLICY.min_age_ms - 1);

    fn asset(scheme: Scheme, redundancy: Redundancy) -> AssetRecord {
        let mut world = World::new();
        let id = world.open(begin(1));
        let asset = world.view().asset(id).expect("readable").expect("known");
        AssetRecord { scheme, redundancy, ..asset }
    }

    fn auto(scheme: Scheme, views: u64, now: ClusterTime) -> Wanted {
        wanted_scheme(&asset(scheme, Redundancy::Auto), views, now, &POLICY, 5)
    }

    #[test]
    fn content_is_hot_while_it_is_young_or_watched_and_keeps_its_scheme_between_the_limits() {
        let (hot, cold) = (Scheme::REPLICATED, Scheme::CODED);
        for (scheme, views, now, wanted) in [
            (hot, 0, YOUNG, hot),
            (cold, 0, YOUNG, hot),
            (hot, 0, OLD, cold),
            (hot, 800, OLD, cold),
            (hot, 801, OLD, hot),
            (cold, 1_000, OLD, cold),
            (cold, 1_001, OLD, hot),
            (Scheme::Replicate(5), 1_001, OLD, hot),
        ] {
            let found = auto(scheme, views, now);
            assert_eq!((found.scheme, found.deferred), (wanted, None), "{scheme} {views} {now:?}");
        }
        assert_eq!([auto(hot, 0, YOUNG).why, auto(hot, 7, OLD).why], [Why::Young, Why::Views(7)]);
    }

    #[test]
    fn limits_the_wrong_way_round_do_not_recode_back_and_forth() {
        let policy = Policy { hot_views: 10, cold_views: 20, ..POLICY };
        for views in 0..30 {
            let next = |scheme| wanted_scheme(&asset(scheme, Redundancy::Auto), views, OLD, &policy, 5).scheme;
            let first = next(Scheme::REPLICATED);
            assert_eq!(next(first), first, "{views}");
        }
    }

    #[test]
    fn what_somebody_asked_for_wins() {
        let wanted =
            |redundancy, views| wanted_scheme(&asset(Scheme::REPLICATED, redundancy), views, YOUNG, &POLICY, 5);
        let asked = |scheme| Wanted { scheme, why: Why::Asked, deferred: None };
        assert_eq!(wanted(Redundancy::Erasure, u64::MAX), asked(Scheme::CODED));
        assert_eq!(wanted(Redundancy::Replicate(2), 0), asked(Scheme::Replicate(2)));
    }

    #[test]
    fn nothing_becomes_coded_on_too_few_nodes_and_that_is_said() {
        let wanted = |scheme| wanted_scheme(&asset(scheme, Redundancy::Erasure), 0, OLD, &POLICY, 3);
        let replicated = wanted(Scheme::Replicate(1));
        assert_eq!(replicated.scheme, Scheme::REPLICATED);
        let said = replicated.deferred.map(|deferred| deferred.to_string());
        assert_eq!(said.as_deref(), Some("erasure deferred: 5 nodes needed, 3 up"));
        assert_eq!((wanted(Scheme::CODED).scheme, wanted(Scheme::CODED).deferred), (Scheme::CODED, None), "it stays");
        let copies = wanted_scheme(&asset(Scheme::CODED, Redundancy::Replicate(3)), 0, OLD, &POLICY, 3);
        assert_eq!((copies.scheme, copies.deferred), (Scheme::REPLICATED, None));
    }

    #[test]
    fn views_of_all_videos_of_the_content_count_and_those_of_others_do_not() {
        use crate::meta::{Command, OnDuplicate, UploadBegin};
        let mut world = World::new();
        let (first, other) = (world.upload(1, 1), world.upload(2, 2));
        let second = world.open(UploadBegin { on_duplicate: OnDuplicate::New, ..begin(3) });
        world.store_original(3, second, vs_core::id::Ballot(1), 1);
        let counts = |n: u64| [(video_id(1), n), (video_id(3), 2), (video_id(9), 5)].into();
        world.run(Command::Views { counts: counts(4) });
        assert_eq!([first, other].map(|asset| views_of(world.view(), asset)), [Ok(6), Ok(0)]);
        world.run(Command::Views { counts: counts(u64::MAX) });
        assert_eq!(views_of(world.view(), first), Ok(u64::MAX));
        assert_eq!(Policy::of(world.view()), Ok(POLICY));
    }
}
