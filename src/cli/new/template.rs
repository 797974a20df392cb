//! What a project may begin with.

use clap::ValueEnum;

/// What the first flow of a project does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A mail to somebody who has signed up, tried again where the server is away
    Welcome,
    /// A person decides, or lets the time run out
    Approval,
    /// Each working morning, what is open is read and told
    Digest,
}

/// One file of a project.
#[derive(Debug)]
pub struct Piece {
    /// Its name in the folder.
    pub name: &'static str,
    /// What stands in it.
    pub text: String,
}

impl Template {
    /// The file of the first flow.
    pub fn program(self) -> &'static str {
        match self {
            Self::Welcome => "welcome.flow",
            Self::Approval => "approval.flow",
            Self::Digest => "digest.flow",
        }
    }

    /// All files of a project that is called `title`.
    pub fn pieces(self, title: &str) -> [Piece; 4] {
        let (flow, settings) = match self {
            Self::Welcome => (include_str!("welcome/welcome.flow"), include_str!("welcome/flow.toml")),
            Self::Approval => (include_str!("approval/approval.flow"), include_str!("approval/flow.toml")),
            Self::Digest => (include_str!("digest/digest.flow"), include_str!("digest/flow.toml")),
        };
        let readme = include_str!("project/readme.md").replace("{title}", title).replace("{program}", self.program());
        let settings = include_str!("project/flow.toml").replace("{connectors}\n", settings);
        [
            Piece { name: self.program(), text: flow.to_owned() },
            Piece { name: "flow.toml", text: settings },
            Piece { name: "README.md", text: readme },
            Piece { name: ".gitignore", text: include_str!("project/gitignore").to_owned() },
        ]
    }
}
