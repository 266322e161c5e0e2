//! What clients were told of videos, and what can be told from that.
//!
//! An order takes effect once, between when it was sent and when it was answered. One that was not answered may have, may
//! yet, or never will: as long as that is so nothing is said of its video. An answer settles it, whichever it is.

use std::{collections::BTreeMap, time::Duration};

use vs_core::id::VideoId;

use crate::film::Film;

/// How much of a video is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Its original is stored.
    Stored,
    /// It plays.
    Ready,
}

/// A video that somebody was told of.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    pub film: Film,
    pub level: Level,
    pub keeps_original: bool,
    /// It cannot be told whether it is shown: it was removed, or may have been.
    pub is_doubtful: bool,
}

/// What an order does with a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Shows,
    Hides,
    /// For ever: no video is called like an earlier one.
    Purges,
}

/// An order, by its place among those of its video or film.
#[derive(Clone, Copy, Debug)]
pub struct OrderId(usize);

#[derive(Clone, Copy, Debug)]
struct Order {
    change: Change,
    began: Duration,
    /// When it was answered.
    ended: Option<Duration>,
}

impl Order {
    /// Whether it may take effect after something that was begun then.
    fn may_follow(&self, began: Duration) -> bool {
        self.ended.is_none_or(|ended| ended >= began)
    }

    fn is_over(&self, before: Duration) -> bool {
        self.ended.is_some_and(|ended| ended <= before)
    }
}

#[derive(Clone, Debug)]
struct Account {
    film: Film,
    level: Level,
    keeps_original: bool,
    orders: Vec<Option<Order>>,
}

#[derive(Clone, Debug, Default)]
pub struct Promises {
    videos: BTreeMap<VideoId, Account>,
    /// Uploads of a film take videos of it out of the trash.
    uploads: BTreeMap<Film, Vec<Order>>,
}

impl Promises {
    /// A client begins to upload a film.
    pub fn upload(&mut self, film: Film, began: Duration) -> OrderId {
        let uploads = self.uploads.entry(film).or_default();
        uploads.push(Order { change: Change::Shows, began, ended: None });
        OrderId(uploads.len() - 1)
    }

    /// The upload is known to be over.
    pub fn upload_ended(&mut self, film: Film, id: OrderId, at: Duration) {
        if let Some(upload) = self.uploads.get_mut(&film).and_then(|uploads| uploads.get_mut(id.0)) {
            upload.ended = Some(at);
        }
    }

    /// A client was told that so much of a video is safe, of an upload that was begun then. Whether it is a new one.
    pub fn promise(
        &mut self,
        video: VideoId,
        (film, id): (Film, OrderId),
        keeps_original: bool,
        level: Level,
        at: Duration,
    ) -> bool {
        let Some(began) = self.uploads.get(&film).and_then(|uploads| uploads.get(id.0)).map(|upload| upload.began)
        else {
            return false;
        };
        let is_new = !self.videos.contains_key(&video);
        let account = self.videos.entry(video).or_insert(Account { film, level, keeps_original, orders: Vec::new() });
        account.level = level.max(account.level);
        if !account.all().any(|order| order.change == Change::Shows && order.began == began) {
            account.orders.push(Some(Order { change: Change::Shows, began, ended: Some(at) }));
        }
        is_new
    }

    /// A client orders something of a video.
    pub fn order(&mut self, video: VideoId, change: Change, began: Duration) -> Option<OrderId> {
        let account = self.videos.get_mut(&video)?;
        account.orders.push(Some(Order { change, began, ended: None }));
        Some(OrderId(account.orders.len() - 1))
    }

    /// The order was answered: done, or refused, which is as if nobody had ordered anything.
    pub fn answered(&mut self, video: VideoId, id: OrderId, is_done: bool, at: Duration) {
        let order = self.videos.get_mut(&video).and_then(|account| account.orders.get_mut(id.0));
        if let Some(order) = order {
            *order = order.filter(|_| is_done).map(|order| Order { ended: Some(at), ..order });
        }
    }

    /// Whether a read that began then has to show the video.
    #[must_use]
    pub fn is_shown(&self, video: VideoId, began: Duration) -> bool {
        self.videos.get(&video).is_some_and(|account| account.is_shown(began))
    }

    /// Whether a read that began then must not show it.
    #[must_use]
    pub fn is_gone(&self, video: VideoId, began: Duration) -> bool {
        let Some(account) = self.videos.get(&video) else { return false };
        let hides = |hide: &Order| match hide.change {
            Change::Shows => false,
            Change::Purges => true,
            Change::Hides => {
                let uploads = self.uploads.get(&account.film).into_iter().flatten();
                let shows = account.all().filter(|order| order.change == Change::Shows).chain(uploads);
                !shows.into_iter().any(|show| show.may_follow(hide.began))
            }
        };
        account.all().any(|order| order.is_over(began) && hides(order))
    }

    /// What is promised of a video to whoever reads it now.
    #[must_use]
    pub fn get(&self, video: VideoId, now: Duration) -> Option<Promise> {
        self.videos.get(&video).map(|account| account.promise(now))
    }

    #[must_use]
    pub fn all(&self, now: Duration) -> BTreeMap<VideoId, Promise> {
        self.videos.iter().map(|(video, account)| (*video, account.promise(now))).collect()
    }
}

impl Account {
    fn all(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().flatten()
    }

    fn is_shown(&self, began: Duration) -> bool {
        let stays = |show: &Order| {
            let mut hides = self.all().filter(|order| order.change != Change::Shows);
            !hides.any(|hide| hide.may_follow(show.began))
        };
        self.all().any(|order| order.change == Change::Shows && order.is_over(began) && stays(order))
    }

    fn promise(&self, now: Duration) -> Promise {
        let Self { film, level, keeps_original, .. } = *self;
        Promise { film, level, keeps_original, is_doubtful: !self.is_shown(now) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A video that was promised after 2 s, of an upload that was begun after 1 s.
    fn promised() -> (Promises, VideoId, Film) {
        let (mut promises, video, film) = (Promises::default(), VideoId::from_random([1; 16]), Film::new(1, 1));
        let upload = promises.upload(film, SECOND);
        assert!(promises.promise(video, (film, upload), true, Level::Ready, SECOND * 2));
        promises.upload_ended(film, upload, SECOND * 2);
        (promises, video, film)
    }

    fn told(promises: &Promises, video: VideoId, at: u32) -> (bool, bool) {
        (promises.is_shown(video, SECOND * at), promises.is_gone(video, SECOND * at))
    }

    #[test]
    fn an_order_is_in_doubt_until_it_is_answered() {
        let (mut promises, video, _) = promised();
        assert_eq!(told(&promises, video, 3), (true, false));
        let order = promises.order(video, Change::Hides, SECOND * 3).expect("a known video");
        assert_eq!(told(&promises, video, 4), (false, false));
        let mut refused = promises.clone();
        refused.answered(video, order, false, SECOND * 5);
        assert_eq!(told(&refused, video, 6), (true, false), "as before");
        promises.answered(video, order, true, SECOND * 5);
        assert_eq!(told(&promises, video, 6), (false, true));
        assert_eq!(told(&promises, video, 4), (false, false), "a read that began while it was in doubt");
    }

    #[test]
    fn what_is_hidden_is_promised_anew_by_whatever_began_afterwards() {
        let (mut promises, video, film) = promised();
        let early = promises.upload(film, SECOND * 3);
        let order = promises.order(video, Change::Hides, SECOND * 4).expect("a known video");
        promises.answered(video, order, true, SECOND * 5);
        assert_eq!(told(&promises, video, 6), (false, false), "the upload may take it out of the trash");
        promises.promise(video, (film, early), true, Level::Ready, SECOND * 6);
        promises.upload_ended(film, early, SECOND * 6);
        assert_eq!(told(&promises, video, 7), (false, false), "it may have been listed before it was hidden");
        let restore = promises.order(video, Change::Shows, SECOND * 8).expect("a known video");
        promises.answered(video, restore, true, SECOND * 9);
        assert_eq!(told(&promises, video, 10), (true, false));
    }

    #[test]
    fn what_is_purged_never_comes_back() {
        let (mut promises, video, film) = promised();
        promises.upload(film, SECOND * 3);
        let order = promises.order(video, Change::Purges, SECOND * 3).expect("a known video");
        promises.answered(video, order, true, SECOND * 4);
        assert_eq!(told(&promises, video, 5), (false, true));
    }
}
