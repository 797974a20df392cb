// What VS Code asks of the extension: to begin, and to end.

const vscode = require("vscode");
const { graph, saved, redraw } = require("./picture");
const server = require("./server");
const { run, test } = require("./task");

function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("flow.run", run),
    vscode.commands.registerCommand("flow.test", test),
    vscode.commands.registerCommand("flow.graph", graph),
    vscode.commands.registerCommand("flow.restart", server.start),
    vscode.workspace.onDidSaveTextDocument(saved),
    vscode.window.onDidChangeActiveColorTheme(redraw),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("flow.path")) void server.start();
    }),
  );
  return server.start();
}

module.exports = { activate, deactivate: server.stop };
