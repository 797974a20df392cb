//! A plan as a drawing: what is in it and how it hangs together, and three ways to write that down.
//!
//! In: a plan. Out: Mermaid, DOT, SVG.
//! Never: a second reading of the plan; all three are written from one model (held by `tests/lang/plan.rs`).

use super::Plan;

mod dot;
mod layout;
mod mermaid;
mod model;
mod route;
mod svg;

/// The drawing as Mermaid text, for Markdown.
pub fn to_mermaid(plan: &Plan) -> String {
    mermaid::write(&model::of(plan))
}

/// The drawing as DOT text, for Graphviz.
pub fn to_dot(plan: &Plan) -> String {
    dot::write(&model::of(plan))
}

/// The drawing as an SVG file that needs nothing else; light or dark as whoever looks at it prefers.
pub fn to_svg(plan: &Plan) -> String {
    svg::write(&model::of(plan))
}
