//! Which tracks of an asset are played.

use vs_core::{
    error::{Code, Failure},
    manifest::{Track, TrackKind},
};

/// What a person wishes to see and hear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Name of the video track; none for whichever is best.
    pub(crate) quality: Option<String>,
    pub(crate) video: bool,
    /// Language or name; `off` for none, nothing said for the first.
    pub(crate) audio: Option<String>,
    pub(crate) subs: Option<String>,
}

/// The tracks to play, the one to be written by itself first.
pub(crate) fn choose(tracks: &[Track], wish: &Wish) -> Result<Vec<Track>, Failure> {
    let of = |kind: TrackKind| tracks.iter().filter(|track| track.kind == kind).collect::<Vec<_>>();
    let mut chosen = Vec::new();
    if wish.video {
        let video = of(TrackKind::Video);
        match &wish.quality {
            Some(name) => chosen.push(named(&video, name, "video")?),
            None => chosen.extend(video.first().copied()),
        }
    }
    let audio = of(TrackKind::Audio);
    match wish.audio.as_deref() {
        Some("off") => {}
        Some(name) => chosen.push(named(&audio, name, "audio")?),
        None => chosen.extend(audio.first().copied()),
    }
    if let Some(name) = &wish.subs {
        chosen.push(named(&of(TrackKind::Subtitle), name, "subtitle")?);
    }
    if chosen.is_empty() {
        return Err(Failure::new(Code::Invalid, "nothing is left to play").because("both video and audio are off"));
    }
    Ok(chosen.into_iter().cloned().collect())
}

/// The first track of that name or language.
fn named<'a>(tracks: &[&'a Track], wanted: &str, kind: &str) -> Result<&'a Track, Failure> {
    let is_it = |track: &&&Track| track.name == wanted || track.language.as_deref() == Some(wanted);
    if let Some(track) = tracks.iter().find(is_it) {
        return Ok(track);
    }
    let mut failure = Failure::new(Code::NotFound, format!("no {kind} track `{wanted}`"));
    let line = |track: &&Track| match &track.language {
        Some(language) => format!("{}  {}  {language}", track.name, track.codec),
        None => format!("{}  {}", track.name, track.codec),
    };
    failure.why.extend(tracks.iter().map(line));
    if tracks.is_empty() {
        failure.why.push(format!("the video has no {kind} track"));
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use vs_core::{hash::Hash, id::Ballot};

    use super::*;

    fn track(name: &str, kind: TrackKind, language: Option<&str>) -> Track {
        Track {
            name: name.to_owned(),
            kind,
            codec: "x".to_owned(),
            language: language.map(str::to_owned),
            transcoded_from: None,
            width: 0,
            height: 0,
            fps_milli: 0,
            sample_rate: 0,
            channels: 0,
            duration_us: 0,
            bytes: 0,
            segments: 0,
            chunks: 0,
            parity_bytes: 0,
            init: vec![],
            sha256: Hash([0; 32]),
            ballot: Ballot(1),
            parts: vec![],
        }
    }

    fn names(wish: &Wish) -> Result<Vec<String>, Code> {
        let tracks = [
            track("original", TrackKind::Original, None),
            track("v0", TrackKind::Video, None),
            track("a0-eng", TrackKind::Audio, Some("eng")),
            track("a1-deu", TrackKind::Audio, Some("deu")),
            track("s0-deu", TrackKind::Subtitle, Some("deu")),
        ];
        let chosen = choose(&tracks, wish).map_err(|failure| failure.code)?;
        Ok(chosen.into_iter().map(|track| track.name).collect())
    }

    #[test]
    fn wishes_are_met_or_told() {
        let wish = |quality: Option<&str>, video, audio: Option<&str>, subs: Option<&str>| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            names(&Wish { quality: text(quality), video, audio: text(audio), subs: text(subs) })
        };
        let ok = |names: &[&str]| Ok(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(wish(None, true, None, None), ok(&["v0", "a0-eng"]));
        assert_eq!(wish(Some("v0"), true, Some("deu"), Some("s0-deu")), ok(&["v0", "a1-deu", "s0-deu"]));
        assert_eq!(wish(None, false, None, None), ok(&["a0-eng"]));
        assert_eq!(wish(None, true, Some("off"), None), ok(&["v0"]));
        assert_eq!(wish(Some("v9"), true, None, None), Err(Code::NotFound));
        assert_eq!(wish(None, true, Some("fra"), None), Err(Code::NotFound));
        assert_eq!(wish(None, false, Some("off"), None), Err(Code::Invalid));
    }
}
