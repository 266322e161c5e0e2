//! Playing on a terminal: the engine, the keys and the screen in one loop, the drawing on a thread of its own.
//!
//! A slow terminal delays pictures, never chunks: the loop hands scenes over when the painter is free and forgets them
//! otherwise.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    time::{Duration, Instant},
};

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures::StreamExt;
use ratatui::layout::Rect;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use vs_client::cli::{self, Connection};
use vs_core::{
    error::{Code, Exit, Failure},
    id::NodeId,
    manifest::{Track, TrackKind},
    text::shown,
};
use vsplay_core::{event::Event, snapshot::State};

use crate::{
    args::Options,
    cluster::{self, Heard},
    decode::{Decoder, Palette, find_ffmpeg},
    engine::Engine,
    painter::{Handed, Painter},
    report::{StatusFile, write_report},
    ui::{
        arrange::{arrange, picture_size},
        keys::{self, Command},
        scene::{Consensus, NodeFacts, Scene, Screen, View},
    },
};

/// How often the picture may change, and how often everything else is drawn.
const FRAME_INTERVAL: Duration = Duration::from_millis(33);
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);
const SECOND: Duration = Duration::from_secs(1);
/// Seconds of throughput that are remembered.
const HISTORY_MAX: usize = 120;
/// How long a message stands in place of the keys.
const MESSAGE_FOR: Duration = Duration::from_secs(4);

/// Plays to the end, or until the person quits.
pub(crate) async fn run(mut engine: Engine, options: &Options, connection: &Connection) -> Result<Exit, Failure> {
    let status = options.status_json.as_deref().map(StatusFile::open).transpose()?;
    let color = connection.color.value.applies_to(&std::io::stdout());
    let painter = Painter::open().map_err(|error| Failure::new(Code::LocalFile, "no terminal").because(error))?;
    let heard = cluster::watch(engine.reach.clone());
    let palette = Palette::of_terminal(color);
    let mut dashboard = Dashboard::new(&mut engine, options, connection, palette, painter, heard, status);
    let played = dashboard.play(&mut engine).await;
    dashboard.painter.close();
    let ended = engine.close().await;
    if let Some(path) = &options.report {
        write_report(path, &engine.report())?;
    }
    let exit = played?;
    ended?;
    Ok(exit)
}

struct Dashboard {
    painter: Painter,
    heard: watch::Receiver<Heard>,
    status: Option<StatusFile>,
    report: Option<PathBuf>,
    context: String,
    quality: String,
    no_picture: Option<String>,
    ping_interval: Duration,
    palette: Palette,
    view: View,
    screen: Rect,
    history: VecDeque<u64>,
    counted_bytes: u64,
    message: Option<(Instant, String)>,
    drawn: Option<Instant>,
    exit: Exit,
}

impl Dashboard {
    fn new(
        engine: &mut Engine,
        options: &Options,
        connection: &Connection,
        palette: Palette,
        painter: Painter,
        heard: watch::Receiver<Heard>,
        status: Option<StatusFile>,
    ) -> Self {
        let (columns, rows) = crossterm::terminal::size().unwrap_or_default();
        let mut dashboard = Self {
            painter,
            heard,
            status,
            report: options.report.clone(),
            context: context(connection, &engine.reach.addr()),
            quality: quality(&engine.tracks, options.wish.quality.is_none()),
            no_picture: no_picture(&engine.tracks, palette, options),
            ping_interval: options.settings.ping_interval,
            palette,
            view: View::default(),
            screen: Rect::new(0, 0, columns, rows),
            history: VecDeque::new(),
            counted_bytes: 0,
            message: None,
            drawn: None,
            exit: Exit::Ok,
        };
        if dashboard.no_picture.is_none() {
            let init = engine.tracks[0].init.clone();
            engine.outputs.picture = Some(Decoder::new(init, palette, dashboard.picture_size(engine)));
        }
        dashboard.tell_what_is_missing(engine, options);
        dashboard
    }

    fn tell_what_is_missing(&mut self, engine: &mut Engine, options: &Options) {
        engine.say("silent: this release plays no sound".to_owned());
        if options.wish.subs.is_some() {
            engine.say("subtitles are fetched and verified, this release does not draw them".to_owned());
        }
        if let Some(why) = self.no_picture.clone() {
            engine.say(format!("no picture: {why}"));
        }
    }

    fn picture_size(&self, engine: &Engine) -> crate::decode::Size {
        picture_size(&arrange(self.screen, self.view, engine.node_infos().len()))
    }

    async fn play(&mut self, engine: &mut Engine) -> Result<Exit, Failure> {
        let mut input = EventStream::new();
        let mut stopped = Box::pin(cli::stopped());
        let mut frames = interval(FRAME_INTERVAL);
        frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut seconds = interval(SECOND);
        while !engine.has_ended() {
            tokio::select! {
                () = engine.next() => {}
                event = input.next() => match event {
                    Some(Ok(event)) => self.react(engine, &event),
                    // Without a terminal there is nobody to play to.
                    Some(Err(_)) | None => engine.send(Event::Quit),
                },
                exit = &mut stopped => self.leave(engine, exit),
                _ = frames.tick() => self.show(engine),
                _ = seconds.tick() => self.each_second(engine)?,
            }
        }
        Ok(self.exit)
    }

    fn leave(&mut self, engine: &mut Engine, exit: Exit) {
        self.exit = exit;
        engine.send(Event::Quit);
    }

    fn react(&mut self, engine: &mut Engine, event: &TerminalEvent) {
        match event {
            TerminalEvent::Key(key) => {
                if let Some(command) = keys::command(*key, self.view) {
                    self.obey(engine, command);
                }
            }
            TerminalEvent::Resize(columns, rows) => {
                self.screen = Rect::new(0, 0, *columns, *rows);
                self.look(engine, self.view);
            }
            _ => {}
        }
    }

    fn obey(&mut self, engine: &mut Engine, command: Command) {
        match command {
            Command::TogglePause if engine.player.is_paused() => engine.send(Event::Resume),
            Command::TogglePause => engine.send(Event::Pause),
            Command::SeekBy(seconds) => {
                let by = Duration::from_secs(seconds.unsigned_abs());
                let position = engine.player.position();
                let to = if seconds < 0 { position.saturating_sub(by) } else { position.saturating_add(by) };
                engine.send(Event::Seek(to));
            }
            Command::SeekPercent(percent) => engine.send(Event::Seek(engine.player.end() * percent.into() / 100)),
            Command::Look(view) => self.look(engine, view),
            Command::WriteReport => self.write_report(engine),
            Command::Quit => engine.send(Event::Quit),
            Command::Interrupt => self.leave(engine, Exit::Interrupted),
        }
        self.drawn = None;
    }

    /// Arranges the screen anew; the picture is made for its new pane.
    fn look(&mut self, engine: &mut Engine, view: View) {
        self.view = view;
        self.drawn = None;
        let (size, position) = (self.picture_size(engine), engine.player.position());
        if let Some(picture) = &mut engine.outputs.picture {
            picture.resize(size, position);
        }
    }

    fn write_report(&mut self, engine: &mut Engine) {
        let path = self.report.clone().unwrap_or_else(|| format!("vsplay-{}.json", engine.film.id.short()).into());
        let text = match write_report(&path, &engine.report()) {
            Ok(()) => format!("report written to {}", shown(&path.display().to_string())),
            Err(failure) => shown(&failure.to_string()),
        };
        engine.say(text.clone());
        self.message = Some((Instant::now(), text));
    }

    fn each_second(&mut self, engine: &mut Engine) -> Result<(), Failure> {
        let snapshot = engine.player.snapshot(engine.now());
        let megabits = (snapshot.bytes_fetched - self.counted_bytes) * 8 / 1_000_000;
        self.counted_bytes = snapshot.bytes_fetched;
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        self.history.push_back(megabits);
        if let Some(status) = &mut self.status {
            status.write(snapshot)?;
        }
        Ok(())
    }

    /// Draws when the picture changed, or when it is time.
    fn show(&mut self, engine: &mut Engine) {
        let position = engine.player.position();
        let changed = engine.outputs.picture.as_mut().is_some_and(|picture| picture.show(position));
        if !changed && self.drawn.is_some_and(|at| at.elapsed() < REDRAW_INTERVAL) {
            return;
        }
        let scene = self.scene(engine);
        match self.painter.paint(scene) {
            Handed::Over => self.drawn = Some(Instant::now()),
            Handed::Busy => {}
            // Without a screen there is nobody to play to.
            Handed::Nobody => self.leave(engine, Exit::Failed),
        }
    }

    fn scene(&mut self, engine: &Engine) -> Scene {
        self.message.take_if(|(at, _)| at.elapsed() > MESSAGE_FOR);
        let heard = self.heard.borrow().clone();
        let consensus = Consensus { age: heard.age(), state: heard.state };
        let facts = |info: &vs_wire::v1::NodeInfo| NodeFacts { zone: shown(&info.zone), state: shown(&info.state) };
        let mut nodes: HashMap<_, _> = engine.node_infos().iter().map(|(id, info)| (*id, facts(info))).collect();
        // The manifest's states are as old as it is; the stream's are of this second.
        for info in consensus.state.iter().filter(|_| consensus.is_fresh()).flat_map(|state| &state.nodes) {
            nodes.entry(NodeId(info.id)).and_modify(|known| known.state = shown(&info.state));
        }
        Scene {
            title: shown(&engine.film.video.title),
            id: engine.film.id.short(),
            quality: self.quality.clone(),
            context: self.context.clone(),
            snapshot: engine.player.snapshot(engine.now()),
            screen: self.screen_of(engine),
            nodes,
            ping_interval: self.ping_interval,
            consensus,
            history: self.history.iter().copied().collect(),
            log: engine.log.iter().cloned().collect(),
            message: self.message.as_ref().map(|(_, text)| text.clone()),
            view: self.view,
            palette: self.palette,
        }
    }

    fn screen_of(&self, engine: &Engine) -> Screen {
        if let Some(why) = &self.no_picture {
            return Screen::Text(why.clone());
        }
        let Some(picture) = &engine.outputs.picture else { return Screen::Text(String::new()) };
        match (picture.trouble(), picture.shown()) {
            (Some(trouble), _) => Screen::Text(trouble.to_owned()),
            (None, Some(shown)) => Screen::Picture(shown.clone()),
            (None, None) if engine.player.state() == State::Starting => Screen::Text("buffering …".to_owned()),
            (None, None) => Screen::Text("decoding …".to_owned()),
        }
    }
}

/// Why this playback has no picture at all, if it has none.
fn no_picture(tracks: &[Track], palette: Palette, options: &Options) -> Option<String> {
    let is_video = tracks.first().is_some_and(|track| track.kind == TrackKind::Video);
    match () {
        () if !options.wish.video => Some("picture off (--video off)".to_owned()),
        () if !is_video => Some("audio only".to_owned()),
        () if palette == Palette::None => Some("a picture needs colour, and it is switched off".to_owned()),
        () if find_ffmpeg().is_none() => Some("no picture: ffmpeg is not installed (apt install ffmpeg)".to_owned()),
        () => None,
    }
}

/// What is played, as in `720p auto`.
fn quality(tracks: &[Track], auto: bool) -> String {
    let Some(track) = tracks.first() else { return String::new() };
    let how = if auto { "auto".to_owned() } else { shown(&track.name) };
    match track.kind {
        TrackKind::Video if track.height > 0 => format!("{}p {how}", track.height),
        TrackKind::Video => how,
        kind => format!("{} {}", kind.as_str(), shown(&track.name)),
    }
}

fn context(connection: &Connection, addr: &str) -> String {
    match connection.context_name() {
        Some(name) => format!("ctx {}", shown(name)),
        None => shown(addr),
    }
}
