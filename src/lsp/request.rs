//! Questions of the editor, each to whoever answers it.

use lsp_server::{ErrorCode, Request, Response};
use serde_json::Value;

use super::desk::Desk;
use super::place::Place;
use super::{
    action, completion, definition, folding, formatting, hint, hover, lens, moved, rename, signature, symbol, token,
};

/// Answers one question.
pub fn answer(desk: &Desk, request: Request) -> Response {
    let id = request.id.clone();
    let about: fn(&Place<'_>) -> Result<Value, String> = match &*request.method {
        "textDocument/hover" => |place| Ok(hover::hover(place)),
        "textDocument/definition" => |place| Ok(definition::definition(place)),
        "textDocument/references" => |place| Ok(definition::references(place)),
        "textDocument/documentHighlight" => |place| Ok(definition::highlights(place)),
        "textDocument/prepareRename" => rename::prepare,
        "textDocument/rename" => rename::rename,
        "textDocument/completion" => |place| Ok(completion::completions(place)),
        "textDocument/signatureHelp" => |place| Ok(signature::help(place)),
        "textDocument/documentSymbol" => |place| Ok(symbol::of_document(place)),
        "textDocument/foldingRange" => |place| Ok(folding::folds(place)),
        "textDocument/semanticTokens/full" => |place| Ok(token::tokens(place)),
        "textDocument/codeAction" => |place| Ok(action::actions(place)),
        "textDocument/codeLens" => |place| Ok(lens::lenses(place)),
        "textDocument/formatting" => |place| Ok(formatting::whole(place)),
        "textDocument/rangeFormatting" => |place| Ok(formatting::part(place)),
        "textDocument/inlayHint" => |place| Ok(hint::hints(place)),
        "workspace/symbol" => {
            let query = request.params["query"].as_str().unwrap_or_default();
            return Response::new_ok(id, symbol::of_workspace(desk, query));
        }
        "workspace/willRenameFiles" => return Response::new_ok(id, moved::edits(desk, &request.params)),
        unknown => {
            let message = format!("`{unknown}` is nothing this server was said to answer");
            return Response::new_err(id, ErrorCode::MethodNotFound as i32, message);
        }
    };
    // Of a text that is not there, there is nothing to say.
    let Some(place) = Place::of(desk, request.params) else { return Response::new_ok(id, Value::Null) };
    match about(&place) {
        Ok(answer) => Response::new_ok(id, answer),
        Err(why) => Response::new_err(id, ErrorCode::RequestFailed as i32, why),
    }
}
