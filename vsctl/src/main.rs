//! `vsctl`: the operator's tool of V-Stack.

fn main() -> std::process::ExitCode {
    vsctl::main()
}
