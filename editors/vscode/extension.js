// The client of `flow lsp`, and the commands behind its lenses.

const { execFile } = require("node:child_process");
const path = require("node:path");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function program() {
  return vscode.workspace.getConfiguration("flow").get("path") || "flow";
}

/** The file a command is about: what its lens says, else what is being edited. */
function fileOf(uri) {
  const found = uri ? vscode.Uri.parse(uri) : vscode.window.activeTextEditor?.document.uri;
  return found?.fsPath;
}

/** Does `flow ARGS` where everybody can see it. */
async function inTerminal(title, args, file) {
  await vscode.workspace.saveAll(false);
  const execution = new vscode.ProcessExecution(program(), args, { cwd: path.dirname(file) });
  const task = new vscode.Task({ type: "process" }, vscode.TaskScope.Workspace, title, "flow", execution);
  await vscode.tasks.executeTask(task);
}

async function run(uri, workflow) {
  const file = fileOf(uri);
  if (!file) return;
  const input = await vscode.window.showInputBox({
    title: `Run ${workflow ?? path.basename(file)} in the sandbox`,
    prompt: "The input, as JSON; nothing for an example that fits",
  });
  if (input === undefined) return;
  const given = input.trim() === "" ? [] : ["--input", input];
  await inTerminal("run", ["run", "--sandbox", file, ...(workflow ? [workflow] : []), ...given], file);
}

async function test(uri, title) {
  const file = fileOf(uri);
  if (file) await inTerminal("test", ["test", file, ...(title ? ["--filter", title] : [])], file);
}

async function graph(uri, workflow) {
  const file = fileOf(uri);
  if (!file) return;
  await vscode.workspace.saveAll(false);
  const args = ["graph", "--format", "svg", file, ...(workflow ? [workflow] : [])];
  execFile(program(), args, { cwd: path.dirname(file) }, (error, stdout, stderr) => {
    if (error) {
      vscode.window.showErrorMessage(`flow graph: ${stderr || error.message}`);
      return;
    }
    const panel = vscode.window.createWebviewPanel("flow.graph", workflow ?? "graph", vscode.ViewColumn.Beside, {});
    panel.webview.html = `<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; style-src 'unsafe-inline'"></head><body style="background: white">${stdout}</body></html>`;
  });
}

function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("flow.run", run),
    vscode.commands.registerCommand("flow.test", test),
    vscode.commands.registerCommand("flow.graph", graph),
  );
  const server = { command: program(), args: ["lsp"] };
  client = new LanguageClient("flow", "Flow", server, { documentSelector: [{ language: "flow" }] });
  return client.start();
}

function deactivate() {
  return client?.stop();
}

module.exports = { activate, deactivate };
