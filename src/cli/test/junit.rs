//! What came of the tests as JUnit's XML, which services that build and test read.

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

use super::Work;
use super::ran::Ran;
use crate::base::time::Duration;

/// The document: a suite for each file, a case for each test.
pub fn document(list: &[(&Work<'_>, Ran)], broken: &[String]) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let failed = list.iter().filter(|(_, ran)| !ran.passed).count();
    let head = counts("testsuites", list.len() + broken.len(), failed, broken.len());
    let mut put = |event: Event<'_>| {
        // A list of bytes takes everything.
        let _ = xml.write_event(event);
    };
    put(Event::Start(head.with_attributes([("time", &*seconds(list.iter().map(|(_, ran)| ran.took)))])));
    for suite in list.chunk_by(|(one, _), (other, _)| one.program.0 == other.program.0) {
        let Some((first, _)) = suite.first() else { continue };
        let (name, failed) =
            (first.program.0.display().to_string(), suite.iter().filter(|(_, ran)| !ran.passed).count());
        let time = seconds(suite.iter().map(|(_, ran)| ran.took));
        let head = counts("testsuite", suite.len(), failed, 0);
        put(Event::Start(head.with_attributes([("name", &*name), ("time", &*time)])));
        suite.iter().for_each(|(work, ran)| case(&mut put, &name, &work.title, ran));
        put(Event::End(BytesEnd::new("testsuite")));
    }
    for name in broken {
        let head = counts("testsuite", 1, 0, 1);
        put(Event::Start(head.with_attributes([("name", &**name)])));
        put(Event::Start(
            BytesStart::new("testcase").with_attributes([("name", "it can run"), ("classname", &**name)]),
        ));
        let error =
            BytesStart::new("error").with_attributes([("message", "the program cannot run: `flow check` says why")]);
        put(Event::Empty(error));
        put(Event::End(BytesEnd::new("testcase")));
        put(Event::End(BytesEnd::new("testsuite")));
    }
    put(Event::End(BytesEnd::new("testsuites")));
    let body = String::from_utf8(xml.into_inner()).unwrap_or_default();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}")
}

fn counts(name: &'static str, tests: usize, failed: usize, broken: usize) -> BytesStart<'static> {
    let [tests, failed, broken] = [tests, failed, broken].map(|count| count.to_string());
    BytesStart::new(name).with_attributes([("tests", &*tests), ("failures", &*failed), ("errors", &*broken)])
}

fn case(put: &mut impl FnMut(Event<'_>), file: &str, title: &str, ran: &Ran) {
    let (time, line) = (seconds([ran.took]), ran.json["line"].to_string());
    let attributes = [("name", title), ("classname", file), ("file", file), ("line", &*line), ("time", &*time)];
    let head = BytesStart::new("testcase").with_attributes(attributes);
    if ran.passed {
        return put(Event::Empty(head));
    }
    put(Event::Start(head));
    let first = ran.json["failures"][0]["message"].as_str().unwrap_or("after a crash something else came of it");
    put(Event::Start(BytesStart::new("failure").with_attributes([("message", first)])));
    put(Event::Text(BytesText::new(&plain(&ran.text))));
    put(Event::End(BytesEnd::new("failure")));
    put(Event::End(BytesEnd::new("testcase")));
}

fn seconds(times: impl IntoIterator<Item = Duration>) -> String {
    let millis: i64 = times.into_iter().map(|time| time.0).sum();
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// What XML has no place for is left out.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}
