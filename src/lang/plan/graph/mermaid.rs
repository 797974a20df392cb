//! The drawing as Mermaid text.

use super::model::{Arrangement, Aside, Card, Graph, Group, Item, Tone};

pub(super) fn write(graph: &Graph) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart TB\n", yaml(&graph.title));
    let mut edges = String::new();
    for item in &graph.root.items {
        write_item(item, 1, &mut text, &mut edges);
    }
    follow(&graph.root, &mut edges);
    asides(&graph.root.asides, "start", 1, &mut text, &mut edges);
    text.push_str(&edges);
    for (tone, style) in [
        (Tone::Edge, "fill:#64748b22,stroke:#64748b"),
        (Tone::Read, "fill:#2f9e6e22,stroke:#2f9e6e"),
        (Tone::Keyed, "fill:#2f6fde22,stroke:#2f6fde"),
        (Tone::Once, "fill:#d9822b22,stroke:#d9822b"),
        (Tone::Child, "fill:#1497a522,stroke:#1497a5"),
        (Tone::Wait, "fill:#8a5cd622,stroke:#8a5cd6"),
        (Tone::Stop, "fill:#c8414b22,stroke:#c8414b"),
        (Tone::Handler, "stroke-dasharray:4 3"),
    ] {
        let class = class(tone);
        if text.contains(&format!(":::{class}\n")) {
            text.push_str(&format!("    classDef {class} {style}\n"));
        }
    }
    text
}

fn write_item(item: &Item, depth: usize, text: &mut String, edges: &mut String) {
    match item {
        Item::Card(card) => write_card(card, depth, text),
        Item::Group(group) => write_group(group, depth, text, edges),
    }
    asides(item.asides(), item.id(), depth, text, edges);
}

fn write_card(card: &Card, depth: usize, text: &mut String) {
    let lines: Vec<String> = std::iter::once(format!("<b>{}</b>", escaped(&card.title)))
        .chain(card.subtitle.iter().map(|line| escaped(line)))
        .chain(card.lines.iter().map(|line| format!("<i>{}</i>", escaped(line))))
        .collect();
    let (open, close) = if card.tone == Tone::Edge { ("([", "])") } else { ("[", "]") };
    let indent = "    ".repeat(depth);
    text.push_str(&format!("{indent}{}{open}\"{}\"{close}:::{}\n", card.id, lines.join("<br>"), class(card.tone)));
}

fn write_group(group: &Group, depth: usize, text: &mut String, edges: &mut String) {
    let indent = "    ".repeat(depth);
    let title: Vec<String> = std::iter::once(&group.title).chain(&group.lines).map(|line| escaped(line)).collect();
    let title = title.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("<br>");
    text.push_str(&format!("{indent}subgraph {} [\"{}\"]\n", group.id, if title.is_empty() { " " } else { &title }));
    if group.items.is_empty() {
        text.push_str(&format!("{indent}    {}_nothing[\" \"]\n", group.id));
    }
    for item in &group.items {
        write_item(item, depth + 1, text, edges);
    }
    text.push_str(&format!("{indent}end\n"));
    follow(group, edges);
}

/// The order of what is in a group.
fn follow(group: &Group, edges: &mut String) {
    let mut edge = |from: &Item, to: &Item| edges.push_str(&format!("    {} --> {}\n", from.id(), to.id()));
    match &group.arrangement {
        Arrangement::Sequence => group.items.windows(2).for_each(|pair| edge(&pair[0], &pair[1])),
        Arrangement::Parallel(waits) => {
            for (earlier, later) in waits {
                if let (Some(from), Some(to)) = (group.items.get(*earlier), group.items.get(*later)) {
                    edge(from, to);
                }
            }
        }
        Arrangement::Branches => {}
    }
}

fn asides(asides: &[Aside], owner: &str, depth: usize, text: &mut String, edges: &mut String) {
    for aside in asides {
        write_item(&aside.item, depth, text, edges);
        edges.push_str(&format!("    {owner} -. \"{}\" .-> {}\n", escaped(&aside.label), aside.item.id()));
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Edge => "edge",
        Tone::Read => "read",
        Tone::Keyed => "keyed",
        Tone::Once => "once",
        Tone::Child => "child",
        Tone::Wait => "wait",
        Tone::Pure | Tone::Tell => "pure",
        Tone::Stop => "stop",
        Tone::Handler => "handler",
    }
}

/// Text inside quotes, where Mermaid reads HTML; `#` begins a code of its own.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("#amp;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '`' => out.push_str("#96;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
        out
    })
}

/// A title on a line of YAML.
fn yaml(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
