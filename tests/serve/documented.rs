//! The page of the server and the document that it serves say the same of its interface.

use std::collections::BTreeSet;

use super::served;

/// `METHOD /path` for each route that the table of the page names.
fn on_the_page() -> BTreeSet<String> {
    let page = include_str!("../../docs/server.md");
    let section = page.split("\n## ").find(|section| section.starts_with("The interface")).expect("the section");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let first = rows.map(|row| row.split(" | ").next().unwrap_or_default());
    first.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn every_route_stands_on_the_page_and_the_page_names_no_other() {
    served(async |client, _| {
        let document = client.get("/openapi.json").await.json;
        let mut routes = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().expect("paths") {
            let methods = methods.as_object().expect("methods").keys();
            routes.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
        }
        let page = on_the_page();
        let unnamed: Vec<_> = routes.difference(&page).collect();
        let made_up: Vec<_> = page.difference(&routes).collect();
        assert!(unnamed.is_empty() && made_up.is_empty(), "not on the page: {unnamed:?}; not there: {made_up:?}");
    });
}
