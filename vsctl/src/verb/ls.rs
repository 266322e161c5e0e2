//! `vsctl ls`: the library, filtered, sorted, page by page, once or as it changes.
//!
//! A page token names a page of the server and how many of its videos are behind us: `SKIP.TOKEN`. A sorted list is one page, the
//! whole library, so its token only skips.

use std::{
    collections::HashMap,
    io::{self, IsTerminal},
    time::Duration,
};

use clap::Args;
use serde_json::Value;
use vs_client::cli::OutputFormat;
use vs_core::{
    error::{Code, Exit, Failure},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1;

use crate::{
    desk::Desk,
    filter::{Filter, Sort},
    out,
    row::{self, VIDEOS},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl ls --filter 'status=ready,views>1000' --sort -views
  vsctl ls -q --filter tag=genre=short | xargs -n1 vsctl download

Keys: id title status duration_ms views scheme logical_bytes physical_bytes
created_at tracks, and tag=K or tag=K=V. Operators: = != > >= < <= and ~ for
contains. Videos in the trash are listed with status=trashed only.";

/// How often a followed list is read again.
const WATCH_INTERVAL: Duration = Duration::from_secs(2);
/// Items listed unless told otherwise.
const LIMIT: u32 = 100;
/// Clears the screen and what scrolled off it.
pub(super) const CLEAR: &str = "\x1b[H\x1b[2J\x1b[3J";

/// List videos
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct LsArgs {
    /// List only videos for which all of these hold
    #[arg(long, value_name = "KEY OP VALUE,…", default_value = "", hide_default_value = true)]
    filter: String,
    /// Sort by this key; -KEY for the greatest first
    #[arg(long, value_name = "[-]KEY", allow_hyphen_values = true)]
    sort: Option<String>,
    /// List at most this many
    #[arg(long, value_name = "N", default_value_t = LIMIT, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
    /// Follow changes until interrupted
    #[arg(short, long)]
    pub(crate) watch: bool,
}

/// What to list, with everything about the command line settled.
struct Query {
    filter: Filter,
    sort: Option<Sort>,
    limit: usize,
    from: Place,
}

/// Where a list begins or goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Place {
    skip: usize,
    token: String,
}

struct Listed {
    items: Vec<Value>,
    next: Option<Place>,
    age_ms: Option<u64>,
}

pub(crate) async fn run(args: LsArgs, desk: &Desk) -> anyhow::Result<Exit> {
    VIDEOS.check(&desk.style)?;
    let query = Query {
        filter: Filter::parse(&args.filter)?,
        sort: args.sort.as_deref().map(Sort::parse).transpose()?,
        limit: usize::try_from(args.limit).unwrap_or(usize::MAX),
        from: args.page_token.as_deref().map(Place::parse).transpose()?.unwrap_or_default(),
    };
    if args.watch {
        return watch(&query, desk).await;
    }
    let listed = query.read(desk).await?;
    desk.say_age(listed.age_ms);
    let next = listed.next.map(|place| place.to_text());
    out::list(&desk.style, &VIDEOS, &listed.items, next.as_deref())?;
    if let Some(next) = next.filter(|_| !matches!(desk.style.format, OutputFormat::Json | OutputFormat::Yaml)) {
        desk.say(&format!("more: add `--page-token {next}`, or raise `--limit`"));
    }
    if listed.items.is_empty() && desk.style.format == OutputFormat::Table && args.filter.is_empty() {
        desk.say("no videos yet; upload one: `vsctl upload FILE`");
    }
    Ok(Exit::Ok)
}

/// On a terminal the list is drawn again; elsewhere changed items follow one another, and documents the whole list.
async fn watch(query: &Query, desk: &Desk) -> anyhow::Result<Exit> {
    let is_table = matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide);
    let redraw = is_table && io::stdout().is_terminal();
    let repeat_whole = matches!(desk.style.format, OutputFormat::Json | OutputFormat::Yaml);
    let mut known: Option<HashMap<String, Value>> = None;
    loop {
        let items = query.read(desk).await?.items;
        let is_new = |item: &&Value| {
            let id = item["id"].as_str().unwrap_or_default();
            known.as_ref().is_none_or(|known| known.get(id) != Some(item))
        };
        let changed: Vec<_> = items.iter().filter(is_new).cloned().collect();
        let is_first = known.is_none();
        let fewer = known.as_ref().is_some_and(|known| known.len() > items.len());
        if redraw && (is_first || fewer || !changed.is_empty()) {
            out::write(CLEAR)?;
            out::list(&desk.style, &VIDEOS, &items, None)?;
        } else if is_first || (repeat_whole && (fewer || !changed.is_empty())) {
            out::list(&desk.style, &VIDEOS, &items, None)?;
        } else if !changed.is_empty() && !redraw {
            out::more(&desk.style, &VIDEOS, &changed)?;
        }
        known =
            Some(items.into_iter().map(|item| (item["id"].as_str().unwrap_or_default().to_owned(), item)).collect());
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}

impl Query {
    async fn read(&self, desk: &Desk) -> Result<Listed, Failure> {
        match &self.sort {
            Some(sort) => self.read_sorted(sort, desk).await,
            None => self.read_in_order(desk).await,
        }
    }

    async fn read_sorted(&self, sort: &Sort, desk: &Desk) -> Result<Listed, Failure> {
        let (mut items, mut token, mut age_ms) = (Vec::new(), String::new(), None);
        loop {
            let page = self.page(token, PAGE_ITEMS_MAX, desk).await?;
            age_ms = age_ms.max(page.age_ms);
            items.extend(self.admitted(&page.items).map(|(_, item)| item));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        sort.apply(&mut items);
        let end = self.from.skip.saturating_add(self.limit);
        let next = (items.len() > end).then(|| Place { skip: end, token: String::new() });
        let items = items.into_iter().skip(self.from.skip).take(self.limit).collect();
        Ok(Listed { items, next, age_ms })
    }

    async fn read_in_order(&self, desk: &Desk) -> Result<Listed, Failure> {
        let (mut items, mut at, mut age_ms) = (Vec::new(), self.from.clone(), None);
        loop {
            let page = self.page(at.token.clone(), PAGE_ITEMS_MAX, desk).await?;
            age_ms = age_ms.max(page.age_ms);
            for (no, item) in self.admitted(&page.items).filter(|(no, _)| *no >= at.skip) {
                if items.len() == self.limit {
                    let next = Some(Place { skip: no, token: at.token });
                    return Ok(Listed { items, next, age_ms });
                }
                items.push(item);
            }
            if page.next_page_token.is_empty() {
                return Ok(Listed { items, next: None, age_ms });
            }
            at = Place { skip: 0, token: page.next_page_token };
        }
    }

    async fn page(&self, page_token: String, limit: u32, desk: &Desk) -> Result<v1::ListVideosResponse, Failure> {
        let statuses = self.filter.statuses();
        let request = v1::ListVideosRequest { consistency: desk.consistency(), limit, page_token, statuses };
        desk.ask("ListVideos", request, |client, request| async move { client.meta().list_videos(request).await }).await
    }

    /// The rows to list, each with its number on the page.
    fn admitted<'a>(&'a self, videos: &'a [v1::Video]) -> impl Iterator<Item = (usize, Value)> + 'a {
        let rows = videos.iter().enumerate().map(|(no, video)| (no, video, row::video(video)));
        rows.filter(|(_, video, item)| self.filter.admits(video, item)).map(|(no, _, item)| (no, item))
    }
}

impl Place {
    fn parse(text: &str) -> Result<Self, Failure> {
        let split = text.split_once('.').and_then(|(skip, token)| Some((skip.parse().ok()?, token)));
        let (skip, token) = split.ok_or_else(|| {
            Failure::new(Code::Invalid, format!("`{text}` is not a page token"))
                .hint("use the `next` of the page before: `vsctl ls --json`")
        })?;
        Ok(Self { skip, token: token.to_owned() })
    }

    fn to_text(&self) -> String {
        format!("{}.{}", self.skip, self.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_read_back() {
        let place = Place { skip: 7, token: "a.b".to_owned() };
        assert_eq!(Place::parse(&place.to_text()).unwrap(), place);
        assert!(Place::parse("x").is_err() && Place::parse("-1.x").is_err());
    }
}
