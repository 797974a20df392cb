//! What the server can do, as it says at the beginning.

use serde_json::{Value, json};

use super::position::Encoding;
use super::token;

/// The answer to `initialize`.
pub fn hello(encoding: Encoding) -> Value {
    let encoding = match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
    };
    json!({
        "capabilities": {
            "positionEncoding": encoding,
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "hoverProvider": true,
            "definitionProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "renameProvider": { "prepareProvider": true },
            "completionProvider": { "triggerCharacters": [".", "\"", ":", "{", "(", " "] },
            "signatureHelpProvider": { "triggerCharacters": ["{", "(", ","] },
            "documentSymbolProvider": true,
            "workspaceSymbolProvider": true,
            "workspace": {
                "workspaceFolders": { "supported": true, "changeNotifications": true },
                "fileOperations": { "willRename": { "filters": [
                    { "scheme": "file", "pattern": { "glob": "**/*.flow", "matches": "file" } },
                    { "scheme": "file", "pattern": { "glob": "**/*", "matches": "folder" } },
                ] } },
            },
            "foldingRangeProvider": true,
            "documentFormattingProvider": true,
            "documentRangeFormattingProvider": true,
            "semanticTokensProvider": {
                "legend": { "tokenTypes": token::TYPES, "tokenModifiers": token::MODIFIERS },
                "full": true,
            },
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
            "codeLensProvider": {},
            "inlayHintProvider": true,
        },
        "serverInfo": { "name": "flow", "version": env!("CARGO_PKG_VERSION") },
    })
}
