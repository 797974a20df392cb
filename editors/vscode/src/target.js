// What a command is about.

const vscode = require("vscode");

/** The file a command is about: what its lens says, else what is being edited. */
function fileOf(uri) {
  // A lens says it as text, a button of the editor as a URI.
  const named = typeof uri === "string" ? vscode.Uri.parse(uri) : uri;
  const found = named ?? vscode.window.activeTextEditor?.document.uri;
  if (found?.scheme === "file") return found.fsPath;
  void vscode.window.showWarningMessage("This is about a .flow file on disk: open one, and save it.");
  return undefined;
}

/** The workflow that is meant: what the lens says, else the only one, else the one that is chosen. */
async function workflowOf(file, named) {
  // A button of the editor says more than its file; only a lens says a name.
  if (typeof named === "string") return named;
  const text = (await vscode.workspace.openTextDocument(file)).getText();
  const names = [...text.matchAll(/^workflow\s+(\w+)/gm)].map((found) => found[1]);
  if (names.length === 0) void vscode.window.showWarningMessage("There is no workflow in this file.");
  return names.length > 1 ? vscode.window.showQuickPick(names, { title: "Which workflow?" }) : names[0];
}

module.exports = { fileOf, workflowOf };
