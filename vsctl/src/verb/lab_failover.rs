//! `vsctl lab failover`: the leader dies, over and over, and it is measured when the next one takes writes and answers reads.

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use uuid::Uuid;
use vs_client::{Client, Reach};
use vs_core::{
    error::{Code, Exit, Failure},
    unit::human_duration,
};
use vs_wire::v1::{self, Blow};

use super::lab_chaos::{conclude, duration};
use crate::{
    desk::{Desk, millis},
    lab::{
        cluster::Cluster,
        report::{self, FAILOVERS, PLANNED_DEATHS},
        verdict::Verdict,
    },
    out,
};

const AFTER_HELP: &str = "\
Examples:
  vsctl lab failover
  vsctl lab failover --times 20 --blow freeze -o json

Measured from outside, by a client that knows all nodes and goes to whichever
answers. Exits 8 when one failover took longer than --pause-max.";

/// How long the old leader is away: longer than it takes to elect another one.
const AWAY: Duration = Duration::from_secs(5);
/// How long the first answer may take, and a cluster to be whole again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
const WHOLE_TIMEOUT: Duration = Duration::from_secs(120);

/// Kill the leader over and over, and measure who notices
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct FailoverArgs {
    /// How often
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    times: u16,
    /// What is done to it
    #[arg(long, value_name = "HOW", value_enum, default_value_t = How::Kill)]
    blow: How,
    /// Longest pause of reads and writes that is still no stall
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pause_max: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    /// It dies on the spot
    Kill,
    /// It stands still
    Freeze,
}

impl From<How> for Blow {
    fn from(how: How) -> Self {
        match how {
            How::Kill => Self::Kill,
            How::Freeze => Self::Freeze,
        }
    }
}

/// What one death of a leader came to.
#[derive(Clone, Debug)]
struct Failover {
    leader: String,
    write: Duration,
    read: Duration,
}

pub(crate) async fn run(args: FailoverArgs, desk: &Desk) -> anyhow::Result<Exit> {
    FAILOVERS.check(&desk.style)?;
    let cluster = Cluster::find(desk, false).await?;
    cluster.check_size()?;
    if desk.dry_run {
        let done = if args.blow == How::Kill { "kill" } else { "freeze" };
        let away = human_duration(AWAY);
        desk.plan(&format!("plan: {done} the leader {} times, for {away} each", args.times));
        let plan = json!({ "blow": done, "times": args.times, "away_ms": millis(AWAY) });
        out::one(&desk.style, &PLANNED_DEATHS, &plan, |_| String::new())?;
        return Ok(Exit::Ok);
    }
    let _claim = cluster.claim()?;
    desk.at_interrupt(Some("interrupted; a node that is away comes back within seconds".to_owned()));
    let mut failovers = Vec::new();
    for nth in 1..=args.times {
        let failover = fail_over(&cluster, args.blow).await?;
        let [write_ms, read_ms] = [failover.write, failover.read].map(millis);
        desk.say(&format!("{nth:>4}  {}  first write {write_ms} ms, first read {read_ms} ms", failover.leader));
        failovers.push(failover);
    }
    // the last one comes back too
    cluster.become_whole(WHOLE_TIMEOUT).await?;
    let verdict = verdict(&failovers, args.pause_max);
    let report = report(&failovers, args.blow, &verdict);
    out::one(&desk.style, &FAILOVERS, &report, |style| report::tell_failover(&report, style))?;
    conclude(&[verdict], "see how they are now: `vsctl cluster status`")
}

/// One leader, from a cluster that is whole until others answer without it.
async fn fail_over(cluster: &Cluster, how: How) -> Result<Failover, Failure> {
    cluster.become_whole(WHOLE_TIMEOUT).await?;
    let leader = cluster.leader().await.ok_or_else(|| Failure::new(Code::NotLeader, "nobody leads"))?;
    // clients that are connected already, as those in use are
    let (writer, reader) = (Reach::new(cluster.endpoints()), Reach::new(cluster.endpoints()));
    tokio::try_join!(write(&writer), read(&reader))?;
    cluster.strike(leader, how.into(), AWAY).await?;
    let struck = Instant::now();
    let wrote = async { write(&writer).await.map(|()| struck.elapsed()) };
    let looked = async { read(&reader).await.map(|()| struck.elapsed()) };
    let (write, read) = tokio::try_join!(wrote, looked)?;
    Ok(Failover { leader: cluster.members[leader].id.to_string(), write, read })
}

/// A change that every voter has to hear of: a client's session begins.
async fn write(reach: &Reach) -> Result<(), Failure> {
    let client = Uuid::new_v4().to_string();
    let request = v1::OpenClientRequest { client: client.clone() };
    let open = |client: Client, request| async move { client.meta().open_client(request).await };
    let opened = reach.ask(ANSWER_TIMEOUT, request, open).await?;
    let close = opened.client.meta().close_client(v1::CloseClientRequest { client }).await;
    // one that cannot be closed expires
    drop(close);
    Ok(())
}

/// A read that misses nothing.
async fn read(reach: &Reach) -> Result<(), Failure> {
    let request = v1::ListVideosRequest { limit: 1, ..v1::ListVideosRequest::default() };
    let list = |client: Client, request| async move { client.meta().list_videos(request).await };
    reach.ask(ANSWER_TIMEOUT, request, list).await.map(drop)
}

fn verdict(failovers: &[Failover], pause_max: Duration) -> Verdict {
    let slow = |what: &str, took: Duration, leader: &str| {
        (took > pause_max).then(|| format!("first {what} {} after {leader} was struck", human_duration(took)))
    };
    let late = failovers.iter().flat_map(|failover| {
        let Failover { leader, write, read } = failover;
        [slow("write", *write, leader), slow("read", *read, leader)].into_iter().flatten()
    });
    let why: Vec<_> = late.collect();
    Verdict { id: "AVL-2", promise: "metadata writes and reads resume within seconds", held: Some(why.is_empty()), why }
}

fn report(failovers: &[Failover], how: How, verdict: &Verdict) -> Value {
    let item = |(nth, failover): (usize, &Failover)| {
        json!({
            "nth": nth + 1,
            "leader": failover.leader,
            "write_ms": millis(failover.write),
            "read_ms": millis(failover.read),
        })
    };
    let (write, read) = (spread(failovers, |of| of.write), spread(failovers, |of| of.read));
    json!({
        "outcome": report::outcome(std::slice::from_ref(verdict)),
        "blow": if how == How::Kill { "kill" } else { "freeze" },
        "failovers": failovers.iter().enumerate().map(item).collect::<Vec<_>>(),
        "write_ms_median": write.0,
        "write_ms_max": write.1,
        "read_ms_median": read.0,
        "read_ms_max": read.1,
        "promises": [report::promise(verdict)],
    })
}

/// Median and longest, in milliseconds.
fn spread(failovers: &[Failover], of: impl Fn(&Failover) -> Duration) -> (u64, u64) {
    let mut took: Vec<_> = failovers.iter().map(|failover| millis(of(failover))).collect();
    took.sort_unstable();
    let middle = took.len() / 2;
    let median = match took.len() {
        0 => 0,
        even if even % 2 == 0 => u64::midpoint(took[middle - 1], took[middle]),
        _ => took[middle],
    };
    (median, took.last().copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failovers(writes_ms: &[u64]) -> Vec<Failover> {
        let one = |ms: &u64| Failover {
            leader: "n1".to_owned(),
            write: Duration::from_millis(*ms),
            read: Duration::from_millis(ms / 2),
        };
        writes_ms.iter().map(one).collect()
    }

    #[test]
    fn the_slowest_decides_and_median_and_longest_are_told() {
        let three = failovers(&[900, 300, 4_000]);
        let limit = Duration::from_secs(3);
        let verdict = verdict(&three, limit);
        assert_eq!((verdict.held, verdict.why.len()), (Some(false), 1), "{verdict:?}");
        let told = report(&three, How::Kill, &verdict);
        assert_eq!(told["outcome"], "broken");
        assert_eq!([&told["write_ms_median"], &told["write_ms_max"]], [&json!(900), &json!(4_000)]);
        assert_eq!([&told["read_ms_median"], &told["read_ms_max"]], [&json!(450), &json!(2_000)]);
        let keys: Vec<_> = told.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, FAILOVERS.keys);
        let even = failovers(&[100, 300]);
        assert_eq!(spread(&even, |of| of.write), (200, 300));
        assert_eq!(super::verdict(&even, limit).held, Some(true));
    }
}
