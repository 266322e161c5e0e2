//! Asks ffprobe what a file is.

use std::path::Path;

use vs_core::error::{Code, Failure};
use vsd_core::upload::plan::{Plan, plan};

use super::child::{Deadline, FORMATS, Watched, exists, reason};
use crate::config::Media;

/// Most that the probe may answer: a file that needs more describes itself too richly to be honest.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The plan for the file at `path`.
pub(crate) async fn probe(media: &Media, path: &Path) -> Result<Plan, Failure> {
    let input = format!("file:{}", path.display());
    let args =
        ["-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS, "-print_format", "json"];
    let args = args.into_iter().chain(["-show_format", "-show_streams", &input]).map(str::to_owned).collect::<Vec<_>>();
    let mut child = Watched::start(media, &media.ffprobe, &args).map_err(|error| missing(&media.ffprobe, &error))?;
    let deadline = Deadline::new(media);
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        match deadline.read(&mut child.stdout, &mut buffer).await {
            Ok(0) => break,
            Ok(read) if answer.len() + read <= ANSWER_BYTES_MAX => answer.extend_from_slice(&buffer[..read]),
            Ok(_) => {
                child.stop().await;
                return Err(rejected("its description is too long"));
            }
            Err(stopped) => {
                child.stop().await;
                return Err(rejected(format!("the probe was stopped: {stopped}")));
            }
        }
    }
    let (status, said) = child.finish().await.map_err(|error| missing(&media.ffprobe, &error))?;
    if matches!(status.code(), Some(126 | 127)) {
        return Err(missing(&media.ffprobe, &std::io::ErrorKind::NotFound.into()));
    }
    if !status.success() {
        return Err(rejected(reason(&said, path)));
    }
    plan(&answer).map_err(|why| match why {
        vsd_core::upload::plan::Rejected::Nothing(remarks) => {
            let failure = rejected("it holds neither picture nor sound that can be played");
            remarks.into_iter().fold(failure, Failure::because)
        }
        unreadable @ vsd_core::upload::plan::Rejected::Unreadable(_) => rejected(unreadable.to_string()),
    })
}

/// The file is at fault.
pub(crate) fn rejected(why: impl Into<String>) -> Failure {
    Failure::new(Code::MediaRejected, "the file cannot be taken in").because(why.into())
}

/// Refuses work that this machine has not the programs for.
pub(crate) fn check_programs(media: &Media) -> Result<(), Failure> {
    match [&media.ffprobe, &media.ffmpeg].into_iter().find(|program| !exists(program)) {
        Some(program) => Err(missing(program, &std::io::ErrorKind::NotFound.into())),
        None => Ok(()),
    }
}

/// The machine is at fault.
fn missing(program: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::Internal, format!("{} cannot be run on the server", program.display()))
        .because(error)
        .hint("install it on the server: apt-get install ffmpeg")
}
