//! The examples of the standard library, played as `flow test` plays those of a program.

use orchestra_flow::host::Program;
use orchestra_flow::host::play::{Of, pieces};
use orchestra_flow::lang::catalog::standard;

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_standard_library_hold() {
    let played = standard::CONNECTORS.map(|file| tokio::spawn(played(file)));
    let (mut untrue, mut operations, mut triggers) = (String::new(), 0, 0);
    for one in played {
        let (faults, kinds) = one.await.expect("it is played");
        untrue += &faults;
        operations += kinds.iter().filter(|kind| matches!(kind, Of::Operation(_))).count();
        triggers += kinds.iter().filter(|kind| matches!(kind, Of::Trigger(_))).count();
    }
    assert!(untrue.is_empty(), "{untrue}");
    assert!(operations > 200 && triggers >= 20, "{operations} operations, {triggers} triggers");
}

/// What is untrue of the examples of a file, and what they are examples of.
async fn played(file: standard::File) -> (String, Vec<Of>) {
    let program = Program::of_standard(file.name).expect("the library compiles");
    let (mut untrue, mut kinds) = (String::new(), Vec::new());
    for piece in pieces(&program.package) {
        let played = piece.play(&program).await.expect("it can be played");
        let (at, _) = program.sources.positions(piece.span());
        for fault in piece.faults(&played) {
            untrue += &format!("{}:{}: {}\n  {}\n", file.path, at.line, fault.message, fault.details.join("\n  "));
        }
        kinds.push(piece.of);
    }
    (untrue, kinds)
}
