//! `flow import`: programs of other languages, imported by the binary, checked, formatted, and judged by what they give.
//!
//! A sample is a document in the folder of its language. What is expected of it is what that language's documentation says of such a
//! document; services are mocked as the sample's author would.

mod export;
mod hostile;
mod mended;
mod serverless;
mod n8n;
mod states;

use crate::cli::{Done, Folder};

/// A sample that was imported.
pub struct Import {
    folder: Folder,
    /// The program, as it was written.
    pub text: String,
    /// What was said of it.
    pub summary: String,
}

impl Import {
    /// Imports a sample, such as `states/order.json`: what comes of it checks, and is in the style.
    pub fn of(sample: &str) -> Self {
        let path = format!("{}/tests/foreign/{sample}", env!("CARGO_MANIFEST_DIR"));
        let document = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let name = sample.rsplit('/').next().expect("a sample has a name");
        Self::from(name, &document)
    }

    /// The same of a document in a test.
    pub fn from(name: &str, document: &[u8]) -> Self {
        let folder = Folder::with("");
        folder.write(name, document);
        let done = folder.flow(&["import", name, "-o", "main.flow", "--force"]);
        let text = std::fs::read_to_string(folder.path().join("main.flow")).unwrap_or_default();
        assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{}\n{text}", done.stderr);
        let checked = folder.flow(&["check", "main.flow"]);
        assert_eq!(checked.code, 0, "{}\n{text}", checked.stdout);
        let styled = folder.flow(&["fmt", "--check", "--diff", "main.flow"]);
        assert_eq!(styled.code, 0, "{}", styled.stdout);
        Self { folder, text, summary: done.stderr }
    }

    /// Plays a test of the program, given as what stands in its braces.
    pub fn holds(&self, workflow: &str, test: &str) {
        let program = format!("{}\ntest \"as documented\" for {workflow} {{\n{test}\n}}\n", self.text);
        self.folder.write("tested.flow", program.as_bytes());
        let done = self.folder.flow(&["test", "tested.flow"]);
        assert_eq!(done.code, 0, "{}{}\n{program}", done.stdout, done.stderr);
        assert!(done.stdout.contains("1 passed") || done.stderr.contains("1 passed"), "{}{}", done.stdout, done.stderr);
    }

    /// Runs the first workflow of the program for real; what it prints.
    pub fn gives(&self, input: &str) -> String {
        let first = self.text.lines().find_map(|line| line.strip_prefix("workflow ")).expect("it has a workflow");
        let first = first.split(' ').next().expect("a workflow has a name");
        let done: Done = self.folder.flow(&["run", "main.flow", first, "--input", input]);
        assert_eq!(done.code, 0, "{}\n{}", done.stderr, self.text);
        done.stdout.trim_end().to_owned()
    }
}
