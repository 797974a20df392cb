//! What a document says that nothing can take: it is marked, the run fails there, and the rest is carried over and checks.

use super::Import;

/// A sample in which something stands that does not belong there, and what is said of it in the program.
#[test]
fn what_does_not_check_is_marked_and_the_rest_is_carried_over() {
    let sample = include_str!("n8n/issues.json");
    let rows = [
        (
            "\"text\": \"={{ $json.count }} issues, {{ $json.keys }}\"",
            "\"text\": {\"a\": 1}",
            "// TODO(import): `text` of slack.post_message must be a string",
        ),
        (
            "\"url\": \"https://code.example/issues\"",
            "\"url\": 0.1",
            "// TODO(import): `url` of http.get must be a string",
        ),
    ];
    for (right, wrong, said) in rows {
        assert!(sample.contains(right), "{right}");
        let imported = Import::from("issues.json", sample.replace(right, wrong).as_bytes());
        assert!(imported.text.contains(said), "{}", imported.text);
        assert!(imported.text.contains("script { throw \"not imported\" }"), "{}", imported.text);
        assert!(imported.text.contains("jira.create_issue"), "the rest is there: {}", imported.text);
        assert!(imported.summary.contains("marked TODO(import)"), "{}", imported.summary);
    }
}
