//! `flow graph FILE [WORKFLOW]`: a picture of a program.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Exit, Stop};
use super::output::{Kind, Output};
use super::paper::deliver;
use super::program::{load, workflow};
use crate::lang::plan;

/// Draw a workflow: its steps, blocks and what waits for what.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  flow graph scripts/travel_booking.flow
  flow graph --format svg -o travel.svg scripts/travel_booking.flow
  flow graph --format dot orders.flow fulfil | dot -Tpng > fulfil.png")]
pub struct Graph {
    /// The program.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Which workflow; may be left out where there is one.
    #[arg(value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// How it is drawn.
    #[arg(long, value_enum, default_value_t = Drawing::Mermaid)]
    format: Drawing,
    /// Where it goes; stdout where absent.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Drawing {
    /// For Markdown pages.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// As it is.
    Svg,
}

impl Drawing {
    /// How all of its kind begin.
    fn beginning(self) -> &'static str {
        match self {
            Self::Mermaid => "---\ntitle:",
            Self::Dot => "digraph plan {",
            Self::Svg => "<svg ",
        }
    }
}

impl Graph {
    /// Draws the workflow.
    ///
    /// # Errors
    /// If the program cannot run, it is not clear which workflow is meant, or the picture cannot be written.
    pub fn run(&self) -> Result<Exit, Stop> {
        let program = load(&self.file)?;
        let plan = workflow(&program, self.workflow.as_deref(), &self.file)?;
        let drawing = match self.format {
            Drawing::Mermaid => plan::graph::to_mermaid(plan),
            Drawing::Dot => plan::graph::to_dot(plan),
            Drawing::Svg => plan::graph::to_svg(plan),
        };
        match &self.output {
            None => deliver(&drawing),
            Some(path) => {
                let output = Output::new(path, Kind::Other("a picture")).of([self.file.as_path()]);
                output.renews(self.format.beginning()).write(&drawing)?;
            }
        }
        Ok(Exit::Done)
    }
}
