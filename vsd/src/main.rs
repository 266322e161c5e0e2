//! `vsd`: see the crate's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    vsd::cli::main()
}
