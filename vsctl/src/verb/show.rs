//! `vsctl show`: everything about one video.

use clap::Args;
use clap_complete::ArgValueCompleter;
use serde_json::{Map, Value, json};
use vs_core::error::Exit;
use vs_wire::v1;

use crate::{
    complete,
    desk::Desk,
    out::{
        self, Kind, Style,
        human::{self, number, text},
    },
    row::{self, VIDEOS, rfc3339},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl show 8f3c2a1e
  vsctl show @last -o json";

/// Show a video: its source, tracks, redundancy
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ShowArgs {
    /// Id, unique prefix, exact title or @last
    #[arg(value_name = "ID", add = ArgValueCompleter::new(complete::videos))]
    id: String,
}

/// The item of `ls` and more.
static VIDEO: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "title",
        "status",
        "duration_ms",
        "views",
        "scheme",
        "logical_bytes",
        "physical_bytes",
        "created_at",
        "tracks",
        "description",
        "tags",
        "file_name",
        "revision",
        "note",
        "purge_at",
        "asset",
        "sha256",
        "source",
        "redundancy",
    ],
    columns: VIDEOS.columns,
};

pub(crate) async fn run(args: ShowArgs, desk: &Desk) -> anyhow::Result<Exit> {
    VIDEO.check(&desk.style)?;
    let video = desk.video_name(&args.id).await?;
    let request = v1::GetVideoRequest { video, consistency: desk.consistency(), measure: true };
    let detail =
        desk.ask("GetVideo", request, |client, request| async move { client.meta().get_video(request).await }).await?;
    desk.say_age(detail.age_ms);
    let item = item(&detail);
    out::one(&desk.style, &VIDEO, &item, |style| tell(&item, style))?;
    Ok(Exit::Ok)
}

fn item(detail: &v1::VideoDetail) -> Value {
    let video = detail.video.clone().unwrap_or_default();
    let mut item = row::video(&video);
    let tags: Map<_, _> = video.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().into())).collect();
    let more = json!({
        "tracks": detail.tracks.iter().map(track).collect::<Vec<_>>(),
        "description": video.description,
        "tags": tags,
        "file_name": video.file_name,
        "revision": video.revision,
        "note": Some(&video.note).filter(|note| !note.is_empty()),
        "purge_at": rfc3339(video.purge_at_ms),
        "asset": video.asset,
        "sha256": hash(&detail.sha256),
        "source": detail.source.as_ref().map(source),
        "redundancy": detail.redundancy.as_ref().map(redundancy),
    });
    if let (Value::Object(item), Value::Object(more)) = (&mut item, more) {
        item.extend(more);
    }
    item
}

fn hash(bytes: &[u8]) -> Option<String> {
    vs_wire::hash(bytes).ok().map(|hash| hash.to_string())
}

/// Kept apart from what is true of every stream, so that a picture has no sample rate and sound no width.
fn media(kind: &str, [width, height, fps_milli, sample_rate, channels]: [u32; 5]) -> Map<String, Value> {
    let numbers = match kind {
        "video" => json!({ "width": width, "height": height, "fps_milli": fps_milli }),
        "audio" => json!({ "sample_rate": sample_rate, "channels": channels }),
        _ => json!({}),
    };
    numbers.as_object().cloned().unwrap_or_default()
}

fn track(track: &v1::TrackInfo) -> Value {
    let mut item = json!({
        "name": track.name,
        "kind": track.kind,
        "codec": track.codec,
        "language": Some(&track.language).filter(|language| !language.is_empty()),
        "transcoded_from": Some(&track.transcoded_from).filter(|codec| !codec.is_empty()),
        "bitrate_bps": track.bitrate_bps,
        "duration_ms": track.duration_ms,
        "bytes": track.bytes,
        "segments": track.segments,
        "chunks": track.chunks,
        "sha256": hash(&track.sha256),
    });
    let numbers = [track.width, track.height, track.fps_milli, track.sample_rate, track.channels];
    if let Some(item) = item.as_object_mut() {
        item.extend(media(&track.kind, numbers));
    }
    item
}

fn source(source: &v1::Source) -> Value {
    let stream = |stream: &v1::SourceStream| {
        let mut item = json!({
            "kind": stream.kind,
            "codec": stream.codec,
            "language": Some(&stream.language).filter(|language| !language.is_empty()),
            "note": Some(&stream.note).filter(|note| !note.is_empty()),
        });
        let numbers = [stream.width, stream.height, stream.fps_milli, stream.sample_rate, stream.channels];
        if let Some(item) = item.as_object_mut() {
            item.extend(media(&stream.kind, numbers));
        }
        item
    };
    json!({
        "container": source.container,
        "duration_ms": source.duration_ms,
        "bytes": source.bytes,
        "streams": source.streams.iter().map(stream).collect::<Vec<_>>(),
    })
}

fn redundancy(redundancy: &v1::Redundancy) -> Value {
    json!({
        "healthy": redundancy.healthy,
        "degraded": redundancy.degraded,
        "missing": redundancy.missing,
        "note": Some(&redundancy.note).filter(|note| !note.is_empty()),
        "stand_ins": redundancy.stand_ins,
        "owed": redundancy.owed,
    })
}

fn tell(item: &Value, style: &Style) -> String {
    let bytes = |key: &str| human::bytes(style, number(item, key));
    let mut lines = vec![
        format!("{}  {}", text(item, "title"), text(item, "status")),
        format!("  id          {}", text(item, "id")),
        format!("  length      {}", human::length(number(item, "duration_ms"))),
        format!(
            "  size        {} ({} stored, {})",
            bytes("logical_bytes"),
            bytes("physical_bytes"),
            text(item, "scheme")
        ),
        format!("  views       {}", number(item, "views")),
        format!("  created     {}", human::when_of(item, "created_at", style)),
        format!("  file        {}", text(item, "file_name")),
        format!("  asset       a{}  sha256 {}", number(item, "asset"), text(item, "sha256")),
    ];
    let optional = [("description", "description"), ("note", "note")];
    for (key, label) in optional.into_iter().filter(|(key, _)| !text(item, key).starts_with(human::NOTHING)) {
        lines.push(format!("  {label:<11} {}", text(item, key)));
    }
    if human::time_ms(item, "purge_at").is_some() {
        lines.push(format!("  gone        {}", human::when_of(item, "purge_at", style)));
    }
    if let Some(tags) = item["tags"].as_object().filter(|tags| !tags.is_empty()) {
        let shown = tags.iter().map(|(key, value)| tag(key, value.as_str().unwrap_or_default()));
        lines.push(format!("  tags        {}", shown.collect::<Vec<_>>().join(" ")));
    }
    let redundancy = &item["redundancy"];
    if redundancy.is_object() {
        let [healthy, degraded, missing] = ["healthy", "degraded", "missing"].map(|key| number(redundancy, key));
        let displaced =
            [("stand_ins", "on stand-ins"), ("owed", "owed")].map(|(key, what)| (number(redundancy, key), what));
        let displaced = displaced.iter().filter(|(count, _)| *count > 0);
        let displaced: String = displaced.map(|(count, what)| format!(", {count} {what}")).collect();
        lines.push(format!("  chunks      {healthy} healthy, {degraded} degraded, {missing} missing{displaced}"));
        if redundancy["note"].is_string() {
            lines.push(format!("              {}", text(redundancy, "note")));
        }
    }
    if item["source"].is_object() {
        lines.extend(tell_source(&item["source"], style));
    }
    lines.extend(item["tracks"].as_array().into_iter().flatten().map(|track| tell_track(track, style)));
    lines.join("\n") + "\n"
}

fn tag(key: &str, value: &str) -> String {
    vs_core::text::shown(&if value.is_empty() { key.to_owned() } else { format!("{key}={value}") })
}

fn tell_source(source: &Value, style: &Style) -> Vec<String> {
    let head = format!(
        "  source      {}, {}, {}",
        text(source, "container").split(',').next().unwrap_or_default(),
        human::length(number(source, "duration_ms")),
        human::bytes(style, number(source, "bytes"))
    );
    let stream = |stream: &Value| {
        let note = stream["note"].as_str().map(|_| format!("  ({})", text(stream, "note"))).unwrap_or_default();
        format!("    {:<9} {:<10} {}{note}", text(stream, "kind"), text(stream, "codec"), describe(stream))
    };
    let streams = source["streams"].as_array().into_iter().flatten().map(stream);
    std::iter::once(head).chain(streams).collect()
}

fn tell_track(track: &Value, style: &Style) -> String {
    let from = match track["transcoded_from"].as_str() {
        Some(_) => format!("  from {}", text(track, "transcoded_from")),
        None => String::new(),
    };
    format!(
        "  track       {:<10} {:<8} {:<8} {:<22} {:>14}  {:>10}{from}",
        text(track, "name"),
        text(track, "kind"),
        // Of a container's many names the first says enough here.
        text(track, "codec").split(',').next().unwrap_or_default(),
        describe(track),
        human::bitrate(number(track, "bitrate_bps")),
        human::bytes(style, number(track, "bytes")),
    )
}

/// `1920x1080 24.000 fps`, `48000 Hz 2 ch eng`.
fn describe(stream: &Value) -> String {
    let mut words = Vec::new();
    if number(stream, "width") > 0 {
        words.push(format!("{}x{}", number(stream, "width"), number(stream, "height")));
    }
    if let fps @ 1.. = number(stream, "fps_milli") {
        words.push(format!("{}.{:03} fps", fps / 1000, fps % 1000));
    }
    if number(stream, "sample_rate") > 0 {
        words.push(format!("{} Hz {} ch", number(stream, "sample_rate"), number(stream, "channels")));
    }
    if stream["language"].is_string() {
        words.push(text(stream, "language"));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vs_client::cli::OutputFormat;

    #[test]
    fn everything_of_a_video_is_told() {
        let tags = vec![v1::Tag { key: "genre".to_owned(), value: "\x1b]0;x".to_owned() }];
        let video = v1::Video {
            id: "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35".to_owned(),
            title: "Big\nBuck".to_owned(),
            status: v1::VideoStatus::Failed.into(),
            note: "no keyframe".to_owned(),
            asset: 7,
            tags,
            ..v1::Video::default()
        };
        let sound = v1::TrackInfo {
            name: "a0-eng".to_owned(),
            kind: "audio".to_owned(),
            codec: "aac".to_owned(),
            language: "eng".to_owned(),
            sample_rate: 48_000,
            channels: 2,
            bitrate_bps: 128_400,
            sha256: vec![0; 32],
            ..v1::TrackInfo::default()
        };
        let redundancy = Some(v1::Redundancy { healthy: 3, degraded: 1, owed: 2, ..v1::Redundancy::default() });
        let detail = v1::VideoDetail { video: Some(video), tracks: vec![sound], redundancy, ..Default::default() };
        let item = item(&detail);
        let keys: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, VIDEO.keys);
        assert_eq!(item["redundancy"]["degraded"], 1);
        assert_eq!(item["tracks"][0]["sample_rate"], 48_000);
        assert!(item["tracks"][0].get("width").is_none());
        let told = tell(&item, &out::tests::style(OutputFormat::Table));
        assert!(told.starts_with("Big\\nBuck  failed\n"), "{told}");
        for text in [
            "note        no keyframe",
            "genre=\\u{1b}]0;x",
            "48000 Hz 2 ch eng",
            "128.4 kbit/s",
            "1 degraded, 0 missing, 2 owed\n",
        ] {
            assert!(told.contains(text), "{text}: {told}");
        }
    }
}
