//! `cargo sim`.

fn main() -> std::process::ExitCode {
    vs_sim::args::main()
}
