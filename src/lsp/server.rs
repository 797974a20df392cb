//! The loop: messages in, answers out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, select};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    Diagnostic as Shown, DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, FileChangeType, InitializeParams,
    PositionEncodingKind, PublishDiagnosticsParams, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::desk::Desk;
use super::diagnostic;
use super::disk::{Arrived, Disk};
use super::document::Document;
use super::path;
use super::position::Encoding;
use super::wire;

/// How long to wait before diagnostics are looked for: a question that follows a change on its heels is answered first.
const PAUSE: Duration = Duration::from_millis(2);

/// How the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The editor said that it should.
    Asked,
    /// The editor went away without a word.
    Left,
}

/// Serves the editor at the other end of standard input and output until it is done.
///
/// # Errors
/// If what comes in is no such conversation.
pub fn serve() -> Result<Ended, String> {
    Disk::write_standard();
    let (connection, wire) = wire::stdio();
    let ended = converse(connection);
    wire.end().map_err(|why| format!("this is no conversation with an editor: {why}"))?;
    Ok(ended)
}

/// Serves the editor at the other end of `connection` until it is done.
pub fn converse(connection: Connection) -> Ended {
    let Some((id, asked)) = greeting(&connection) else { return Ended::Left };
    let encoding = agreed(&asked);
    let mut server = Server {
        connection,
        desk: Desk::new(encoding),
        disk: Disk::default(),
        folders: BTreeSet::new(),
        waiting: VecDeque::new(),
        stale: BTreeSet::new(),
        shown: BTreeMap::new(),
        asked,
    };
    server.send(Response::new_ok(id, super::capability::hello(encoding)));
    server.run()
}

/// The question an editor begins with; none if it goes before.
fn greeting(connection: &Connection) -> Option<(RequestId, InitializeParams)> {
    for message in &connection.receiver {
        match message {
            Message::Request(request) if request.method == "initialize" => {
                return Some((request.id, serde_json::from_value(request.params).unwrap_or_default()));
            }
            Message::Request(request) => {
                let early = "the first question is `initialize`".to_owned();
                let refused = Response::new_err(request.id, ErrorCode::ServerNotInitialized as i32, early);
                let _ = connection.sender.send(refused.into());
            }
            Message::Notification(notification) if notification.method == "exit" => return None,
            Message::Notification(_) | Message::Response(_) => {}
        }
    }
    None
}

/// In what columns will be counted.
fn agreed(asked: &InitializeParams) -> Encoding {
    let offered = asked.capabilities.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    match offered {
        Some(offered) if offered.contains(&PositionEncodingKind::UTF8) => Encoding::Utf8,
        _ => Encoding::Utf16,
    }
}

/// Everything the server works with.
struct Server {
    connection: Connection,
    desk: Desk,
    disk: Disk,
    /// The folders the editor has open, by path.
    folders: BTreeSet<String>,
    /// Messages that have come and wait for their turn.
    waiting: VecDeque<Message>,
    /// Open programs whose diagnostics are not those of the newest texts.
    stale: BTreeSet<String>,
    /// What was shown last, by the URI of the text, for texts with anything to show.
    shown: BTreeMap<String, Vec<Shown>>,
    /// What the editor has said of itself.
    asked: InitializeParams,
}

impl Server {
    /// Goes on until the editor is done.
    fn run(&mut self) -> Ended {
        loop {
            while let Ok(message) = self.connection.receiver.try_recv() {
                self.waiting.push_back(message);
            }
            while let Ok(arrived) = self.disk.arrivals.try_recv() {
                self.arrived(arrived);
            }
            if let Some(message) = self.waiting.pop_front() {
                if let Some(ended) = self.take(message) {
                    return ended;
                }
                continue;
            }
            if !self.stale.is_empty() {
                match self.connection.receiver.recv_timeout(PAUSE) {
                    Ok(message) => self.waiting.push_back(message),
                    Err(RecvTimeoutError::Timeout) => self.publish_next(),
                    Err(RecvTimeoutError::Disconnected) => return Ended::Left,
                }
                continue;
            }
            let arrived = select! {
                recv(self.connection.receiver) -> message => match message {
                    Ok(message) => { self.waiting.push_back(message); None }
                    Err(_) => return Ended::Left,
                },
                recv(self.disk.arrivals) -> arrived => arrived.ok(),
            };
            if let Some(arrived) = arrived {
                self.arrived(arrived);
            }
        }
    }

    fn take(&mut self, message: Message) -> Option<Ended> {
        match message {
            Message::Request(request) if request.method == "shutdown" => {
                self.send(Response::new_ok(request.id, ()));
                return Some(self.leave());
            }
            Message::Request(request) => {
                let response = if self.is_cancelled(&request.id) {
                    Response::new_err(request.id, ErrorCode::RequestCanceled as i32, "no longer wanted".to_owned())
                } else {
                    self.answer(request)
                };
                self.send(response);
            }
            Message::Notification(notification) if notification.method == "exit" => return Some(Ended::Left),
            Message::Notification(notification) => self.note(notification),
            // What was asked of the editor needs no answer.
            Message::Response(_) => {}
        }
        None
    }

    /// After `shutdown`, only `exit` may follow.
    fn leave(&self) -> Ended {
        for message in self.waiting.iter().cloned().chain(self.connection.receiver.iter()) {
            match message {
                Message::Notification(last) if last.method == "exit" => return Ended::Asked,
                Message::Request(late) => {
                    let closed = "the server was told to shut down".to_owned();
                    self.send(Response::new_err(late.id, ErrorCode::InvalidRequest as i32, closed));
                }
                Message::Notification(_) | Message::Response(_) => {}
            }
        }
        Ended::Left
    }

    /// Whether the editor has taken a question back before its turn came.
    fn is_cancelled(&self, id: &RequestId) -> bool {
        let id = serde_json::to_value(id).unwrap_or_default();
        self.waiting.iter().any(|message| match message {
            Message::Notification(found) => found.method == "$/cancelRequest" && found.params.get("id") == Some(&id),
            Message::Request(_) | Message::Response(_) => false,
        })
    }

    fn send(&self, message: impl Into<Message>) {
        // Where nobody listens any more, the loop is about to hear of it.
        let _ = self.connection.sender.send(message.into());
    }

    fn answer(&mut self, request: Request) -> Response {
        let desk = AssertUnwindSafe(&self.desk);
        let id = request.id.clone();
        let answered = catch_unwind(move || super::request::answer(&desk, request));
        // A fault of ours costs one answer, not the session.
        answered.unwrap_or_else(|_| {
            Response::new_err(id, ErrorCode::InternalError as i32, "a fault of the language server".to_owned())
        })
    }

    fn note(&mut self, notification: Notification) {
        match &*notification.method {
            "initialized" => self.watch(),
            "textDocument/didOpen" => self.noted(notification, Self::opened),
            "textDocument/didChange" => self.noted(notification, Self::changed),
            "textDocument/didClose" => self.noted(notification, Self::closed),
            "textDocument/didSave" => self.noted(notification, Self::saved),
            "workspace/didChangeWorkspaceFolders" => self.noted(notification, Self::rearranged),
            "workspace/didChangeWatchedFiles" => self.noted(notification, Self::moved),
            _ => {}
        }
    }

    fn noted<P: DeserializeOwned>(&mut self, notification: Notification, then: fn(&mut Self, P)) {
        // What cannot be read is nothing that was agreed on.
        if let Ok(params) = serde_json::from_value(notification.params) {
            then(self, params);
        }
    }

    fn opened(&mut self, params: DidOpenTextDocumentParams) {
        let item = params.text_document;
        let path = path::of_uri(&item.uri);
        self.desk.open.insert(path.clone(), Document::new(item.uri, item.version, &item.text));
        self.renewed(&path);
    }

    fn changed(&mut self, params: DidChangeTextDocumentParams) {
        let path = path::of_uri(&params.text_document.text_document_identifier.uri);
        let encoding = self.desk.encoding;
        if let Some(document) = self.desk.open.get_mut(&path) {
            document.change(params.text_document.version, params.content_changes, encoding);
            self.renewed(&path);
        }
    }

    fn closed(&mut self, params: DidCloseTextDocumentParams) {
        let uri = params.text_document.uri;
        let path = path::of_uri(&uri);
        self.desk.open.remove(&path);
        self.stale.remove(&path);
        self.renewed(&path);
        self.show(&uri, None, Vec::new());
        self.disk.read(&path);
    }

    fn saved(&mut self, params: DidSaveTextDocumentParams) {
        self.disk.read(&path::of_uri(&params.text_document.uri));
    }

    fn moved(&mut self, params: DidChangeWatchedFilesParams) {
        for change in params.changes {
            let path = path::of_uri(&change.uri);
            // With a folder goes everything in it, and no editor says so of each.
            if change.kind == FileChangeType::Deleted {
                self.desk.below(&path).iter().for_each(|inside| self.disk.read(inside));
            }
            self.disk.read(&path);
        }
    }

    /// The editor has opened folders, or closed some.
    fn rearranged(&mut self, params: DidChangeWorkspaceFoldersParams) {
        for folder in params.event.removed {
            let gone = path::of_uri(&folder.uri);
            self.folders.remove(&gone);
            for path in self.desk.below(&gone) {
                if !self.folders.iter().any(|folder| path::is_below(&path, folder)) {
                    self.desk.drop_text(&path);
                    self.renewed(&path);
                }
            }
        }
        params.event.added.iter().for_each(|folder| self.look_through(&folder.uri));
    }

    fn look_through(&mut self, folder: &Uri) {
        let path = path::of_uri(folder);
        self.disk.look_through(&path);
        self.folders.insert(path);
    }

    fn arrived(&mut self, arrived: Arrived) {
        match &arrived.folder {
            Some(folder) if !self.folders.contains(&**folder) => return,
            Some(_) => {}
            None => self.disk.done(&arrived.path),
        }
        let path = arrived.path.clone();
        if self.desk.arrived(arrived) && !self.desk.open.contains_key(&path) {
            self.renewed(&path);
        }
    }

    /// The text at `path` is another one: what was found out about it, and about programs it takes part in, no longer holds.
    fn renewed(&mut self, path: &str) {
        let users = self.desk.forget(path);
        self.stale.extend(users.into_iter().filter(|user| self.desk.open.contains_key(user)));
        if self.desk.open.contains_key(path) {
            self.stale.insert(path.to_owned());
        }
    }

    /// Tells the editor that changed files are of interest, and looks through the folders it has open.
    fn watch(&mut self) {
        let watching =
            self.asked.capabilities.workspace.as_ref().and_then(|able| able.did_change_watched_files.as_ref());
        if watching.and_then(|able| able.dynamic_registration) == Some(true) {
            let params = json!({ "registrations": [{
                "id": "flow-files",
                "method": "workspace/didChangeWatchedFiles",
                "registerOptions": { "watchers": [{ "globPattern": "**/*.flow" }] },
            }] });
            self.send(Request::new(
                RequestId::from("flow-files".to_owned()),
                "client/registerCapability".into(),
                params,
            ));
        }
        roots(&self.asked).iter().for_each(|root| self.look_through(root));
    }

    fn publish_next(&mut self) {
        if let Some(path) = self.stale.pop_first() {
            self.publish(&path);
        }
    }

    /// Sends what is to be said of an open program.
    fn publish(&mut self, path: &str) {
        let desk = AssertUnwindSafe(&self.desk);
        let Ok(Some(look)) = catch_unwind(|| desk.look(path)) else { return };
        for missing in &look.missing {
            self.disk.read(missing);
        }
        let Some(document) = self.desk.open.get(path) else { return };
        let (uri, version) = (document.uri.clone(), document.version);
        // What the standard library says is right, wherever it is looked at.
        let foreign = path::is_standard(path);
        let shown = if foreign { Vec::new() } else { diagnostic::of_program(&look, self.desk.encoding) };
        self.show(&uri, Some(version), shown);
    }

    fn show(&mut self, uri: &Uri, version: Option<i32>, diagnostics: Vec<Shown>) {
        let same = self.shown.get(&uri.0).map_or(diagnostics.is_empty(), |shown| *shown == diagnostics);
        if same && version.is_none() {
            return;
        }
        self.shown.insert(uri.0.clone(), diagnostics.clone());
        let params = PublishDiagnosticsParams { uri: uri.clone(), version, diagnostics };
        self.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params));
    }
}

/// The folders the editor has open.
fn roots(asked: &InitializeParams) -> Vec<Uri> {
    let value = serde_json::to_value(asked).unwrap_or_default();
    let folders = value.get("workspaceFolders").and_then(|folders| folders.as_array().cloned()).unwrap_or_default();
    let named: Vec<Uri> =
        folders.iter().filter_map(|folder| folder.get("uri")?.as_str()).map(|uri| Uri(uri.to_owned())).collect();
    if !named.is_empty() {
        return named;
    }
    value.get("rootUri").and_then(|uri| uri.as_str()).map(|uri| Uri(uri.to_owned())).into_iter().collect()
}
