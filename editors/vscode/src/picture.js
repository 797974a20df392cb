// Pictures of workflows, drawn anew when their text is saved.

const { execFile } = require("node:child_process");
const path = require("node:path");
const vscode = require("vscode");
const { program } = require("./program");
const { fileOf, workflowOf } = require("./target");

/** What is shown, by file and workflow. */
const shown = new Map();

function drawn(file, workflow) {
  const args = ["graph", "--format", "svg", path.basename(file), workflow];
  return new Promise((resolve) => {
    execFile(program(), args, { cwd: path.dirname(file) }, (error, stdout, stderr) => {
      resolve(error ? { why: stderr.trim() || error.message } : { svg: stdout });
    });
  });
}

const { Dark, HighContrast } = vscode.ColorThemeKind;

/** A picture as large as there is room, on the ground and in the colours of the editor. */
function page(svg) {
  const dark = [Dark, HighContrast].includes(vscode.window.activeColorTheme.kind);
  // The picture asks what the system likes; the editor may be set otherwise.
  const coloured = svg.replaceAll("(prefers-color-scheme: dark)", dark ? "all" : "not all");
  return `<!DOCTYPE html><html><head><meta http-equiv="Content-Security-Policy"
    content="default-src 'none'; style-src 'unsafe-inline'">
    <style>svg { max-width: 100%; height: auto; } svg .back { fill: none; }</style></head><body>${coloured}</body></html>`;
}

async function graph(uri, named) {
  const file = fileOf(uri);
  const workflow = file && (await workflowOf(file, named));
  if (!workflow) return;
  await vscode.workspace.saveAll(false);
  const { svg, why } = await drawn(file, workflow);
  if (why) {
    void vscode.window.showErrorMessage(`There is no picture of ${workflow}. ${why}`);
    return;
  }
  const key = `${file}\n${workflow}`;
  const known = shown.get(key);
  if (known) {
    known.panel.webview.html = page(svg);
    known.panel.reveal(undefined, true);
    return;
  }
  const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
  const panel = vscode.window.createWebviewPanel("flow.graph", workflow, column, {});
  panel.webview.html = page(svg);
  panel.onDidDispose(() => shown.delete(key));
  shown.set(key, { panel, file, workflow });
}

/** Draws again after a file was saved: a picture may change with any file that its own uses. */
async function saved(document) {
  if (document.languageId === "flow") await redraw();
}

/** Draws again what is shown. */
async function redraw() {
  for (const { panel, file, workflow } of shown.values()) {
    const { svg } = await drawn(file, workflow);
    // What cannot be drawn for the moment stays as it was; what is wrong stands in the text.
    if (svg) panel.webview.html = page(svg);
  }
}

module.exports = { graph, saved, redraw };
