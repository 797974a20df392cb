//! The drawing as DOT text.

use super::model::{Arrangement, Aside, Card, Graph, Group, Item, Tone};

pub(super) fn write(graph: &Graph) -> String {
    let mut text = String::from("digraph plan {\n");
    text.push_str(&format!(
        "  label={}; labelloc=t; fontname=\"Helvetica\"; fontsize=16; compound=true; nodesep=0.3;\n",
        quoted(&graph.title)
    ));
    text.push_str("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#8893a1\", fontname=\"Helvetica\", fontsize=11];\n");
    text.push_str("  edge [color=\"#8893a1\", fontname=\"Helvetica\", fontsize=10];\n");
    let mut edges = String::new();
    for item in &graph.root.items {
        write_item(item, 1, &mut text, &mut edges);
    }
    follow(&graph.root, &mut edges);
    for aside in &graph.root.asides {
        if let Some(first) = graph.root.items.first() {
            write_aside(aside, first, 1, &mut text, &mut edges);
        }
    }
    text.push_str(&edges);
    text.push_str("}\n");
    text
}

fn write_item(item: &Item, depth: usize, text: &mut String, edges: &mut String) {
    match item {
        Item::Card(card) => write_card(card, depth, text),
        Item::Group(group) => write_group(group, depth, text, edges),
    }
    for aside in item.asides() {
        write_aside(aside, item, depth, text, edges);
    }
}

fn write_card(card: &Card, depth: usize, text: &mut String) {
    let lines: Vec<&str> =
        std::iter::once(&card.title).chain(&card.subtitle).chain(&card.lines).map(String::as_str).collect();
    let style = match card.tone {
        Tone::Edge => ", shape=oval",
        Tone::Read => ", color=\"#2f9e6e\"",
        Tone::Keyed => ", color=\"#2f6fde\"",
        Tone::Once => ", color=\"#d9822b\"",
        Tone::Child => ", color=\"#1497a5\"",
        Tone::Wait => ", color=\"#8a5cd6\"",
        Tone::Stop => ", color=\"#c8414b\"",
        Tone::Handler => ", style=\"rounded,dashed\"",
        Tone::Pure | Tone::Tell => "",
    };
    text.push_str(&format!("{}{} [label={}{style}];\n", "  ".repeat(depth), card.id, quoted(&lines.join("\n"))));
}

fn write_group(group: &Group, depth: usize, text: &mut String, edges: &mut String) {
    let indent = "  ".repeat(depth);
    let title: Vec<&str> = std::iter::once(&group.title).chain(&group.lines).map(String::as_str).collect();
    text.push_str(&format!("{indent}subgraph cluster_{} {{\n", group.id));
    text.push_str(&format!(
        "{indent}  label={}; fontsize=11; style=rounded; color=\"#c3cad3\";\n",
        quoted(&title.join("\n"))
    ));
    if group.items.is_empty() {
        text.push_str(&format!("{indent}  {}_nothing [shape=point];\n", group.id));
    }
    for item in &group.items {
        write_item(item, depth + 1, text, edges);
    }
    text.push_str(&format!("{indent}}}\n"));
    follow(group, edges);
}

fn follow(group: &Group, edges: &mut String) {
    match &group.arrangement {
        Arrangement::Sequence => group.items.windows(2).for_each(|pair| edge(&pair[0], &pair[1], "", edges)),
        Arrangement::Parallel(waits) => {
            for (earlier, later) in waits {
                if let (Some(from), Some(to)) = (group.items.get(*earlier), group.items.get(*later)) {
                    edge(from, to, "", edges);
                }
            }
        }
        Arrangement::Branches => {}
    }
}

fn write_aside(aside: &Aside, owner: &Item, depth: usize, text: &mut String, edges: &mut String) {
    write_item(&aside.item, depth, text, edges);
    edge(owner, &aside.item, &format!("style=dashed, weight=0, label={}", quoted(&aside.label)), edges);
}

/// An edge between two items. Graphviz draws edges between nodes only, so that of a group begins and ends at a node in it
/// and is cut at the group's border.
fn edge(from: &Item, to: &Item, style: &str, edges: &mut String) {
    let mut attributes: Vec<String> = Vec::new();
    if let Item::Group(group) = from {
        attributes.push(format!("ltail=cluster_{}", group.id));
    }
    if let Item::Group(group) = to {
        attributes.push(format!("lhead=cluster_{}", group.id));
    }
    if !style.is_empty() {
        attributes.push(style.to_owned());
    }
    edges.push_str(&format!("  {} -> {} [{}];\n", last(from), first(to), attributes.join(", ")));
}

fn first(item: &Item) -> String {
    match item {
        Item::Card(card) => card.id.clone(),
        Item::Group(group) => group.items.first().map_or_else(|| format!("{}_nothing", group.id), first),
    }
}

fn last(item: &Item) -> String {
    match item {
        Item::Card(card) => card.id.clone(),
        Item::Group(group) => group.items.last().map_or_else(|| format!("{}_nothing", group.id), last),
    }
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.lines().collect::<Vec<_>>().join("\\n"))
}
