//! The binary: hands over to the command line.

fn main() -> std::process::ExitCode {
    orchestra_flow::cli::main()
}
