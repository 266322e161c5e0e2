//! `vsplay`: the player of V-Stack.

fn main() -> std::process::ExitCode {
    vsplay::main()
}
