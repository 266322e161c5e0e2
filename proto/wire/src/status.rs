//! Failures as gRPC statuses and back.

use prost::Message;
use tonic::{Code as Grpc, Status, metadata::MetadataValue};
use vs_core::error::{Code, Failure};

use crate::v1;

/// The trailer that carries the encoded [`v1::Failure`].
/// The trailer in which the failure of a call travels.
pub const FAILURE_TRAILER: &str = "vs-failure-bin";

/// The one mapping of our codes to gRPC's.
fn grpc_code(code: Code) -> Grpc {
    match code {
        Code::Internal | Code::Partial => Grpc::Internal,
        Code::MediaRejected | Code::Invalid | Code::Config | Code::Ambiguous | Code::NotConfirmed => {
            Grpc::InvalidArgument
        }
        Code::LocalFile | Code::DataDir => Grpc::FailedPrecondition,
        Code::Denied => Grpc::PermissionDenied,
        Code::NotFound => Grpc::NotFound,
        Code::Conflict | Code::WrongOffset => Grpc::FailedPrecondition,
        Code::Fenced => Grpc::Aborted,
        Code::NoQuorum | Code::Unreachable | Code::Busy | Code::NotLeader => Grpc::Unavailable,
        Code::Integrity => Grpc::DataLoss,
        Code::Timeout => Grpc::DeadlineExceeded,
        Code::NoSpace => Grpc::ResourceExhausted,
        Code::NotSupported => Grpc::Unimplemented,
    }
}

/// For the answer of a failed call.
#[must_use]
pub fn status_from_failure(failure: &Failure) -> Status {
    let mut status = Status::new(grpc_code(failure.code), failure.what.clone());
    let trailer = MetadataValue::from_bytes(&failure_to_wire(failure).encode_to_vec());
    status.metadata_mut().insert_bin(FAILURE_TRAILER, trailer);
    status
}

/// Whether a node answered the call. A status without our trailer came from the transport, or from a stranger.
#[must_use]
pub fn answered(status: &Status) -> bool {
    from_trailer(status).is_some()
}

/// Where the leader is, when the answering node said so.
#[must_use]
pub fn leader_from_status(status: &Status) -> Option<String> {
    from_trailer(status).map(|failure| failure.leader).filter(|addr| !addr.is_empty())
}

fn from_trailer(status: &Status) -> Option<v1::Failure> {
    let bytes = status.metadata().get_bin(FAILURE_TRAILER)?.to_bytes().ok()?;
    v1::Failure::decode(bytes).ok()
}

/// What a failed call means. A status without our trailer came from the transport or from a stranger.
#[must_use]
pub fn failure_from_status(status: &Status) -> Failure {
    if let Some(failure) = from_trailer(status) {
        return failure_from_wire(failure);
    }
    let code = match status.code() {
        Grpc::Unavailable | Grpc::Cancelled | Grpc::Unknown => Code::Unreachable,
        Grpc::DeadlineExceeded => Code::Timeout,
        Grpc::Unimplemented => Code::NotSupported,
        Grpc::NotFound => Code::NotFound,
        Grpc::InvalidArgument | Grpc::OutOfRange => Code::Invalid,
        Grpc::ResourceExhausted => Code::Busy,
        // What answers is no gRPC server of ours: another program on that port, mostly.
        _ if status.message().starts_with("h2 protocol error") => {
            return Failure::new(Code::Unreachable, "what answers there does not speak as a vsd")
                .because(status.message())
                .hint("name the right port with `--endpoint HOST:PORT`");
        }
        // A connection that breaks shows as an internal error with a cause of the transport's.
        Grpc::Internal if std::error::Error::source(status).is_some() => Code::Unreachable,
        _ => Code::Internal,
    };
    Failure::new(code, status.message())
}

#[must_use]
pub fn failure_to_wire(failure: &Failure) -> v1::Failure {
    v1::Failure {
        code: failure.code.name().to_owned(),
        what: failure.what.clone(),
        why: failure.why.clone(),
        hint: failure.hint.clone().unwrap_or_default(),
        retryable: failure.code.retryable(),
        ..v1::Failure::default()
    }
}

/// An unknown code, from a newer release, is read as an internal one; its text still tells.
#[must_use]
pub fn failure_from_wire(failure: v1::Failure) -> Failure {
    Failure {
        code: failure.code.parse().unwrap_or(Code::Internal),
        what: failure.what,
        why: failure.why,
        hint: Some(failure.hint).filter(|hint| !hint.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_survives_the_wire() {
        for &code in Code::ALL {
            let failure = Failure::new(code, "what\nit is").because("why").hint("vsctl ls");
            assert_eq!(failure_from_status(&status_from_failure(&failure)), failure);
        }
    }

    #[test]
    fn a_stranger_s_status_is_classified() {
        assert_eq!(failure_from_status(&Status::unavailable("x")).code, Code::Unreachable);
        assert_eq!(failure_from_status(&Status::deadline_exceeded("x")).code, Code::Timeout);
    }
}
