// Runs and tests, where everybody can see them.

const path = require("node:path");
const vscode = require("vscode");
const { program } = require("./program");
const { fileOf, workflowOf } = require("./target");

/** Does `flow ARGS` in a terminal, in the folder of the file. */
async function inTerminal(title, args, file) {
  await vscode.workspace.saveAll(false);
  const execution = new vscode.ProcessExecution(program(), args, { cwd: path.dirname(file) });
  const task = new vscode.Task({ type: "process" }, vscode.TaskScope.Workspace, title, "flow", execution);
  task.presentationOptions = { clear: true };
  await vscode.tasks.executeTask(task);
}

function complaintAbout(input) {
  try {
    if (input.trim() !== "") JSON.parse(input);
    return undefined;
  } catch (error) {
    return `This is no JSON: ${error.message}`;
  }
}

async function run(uri, named) {
  const file = fileOf(uri);
  const workflow = file && (await workflowOf(file, named));
  if (!workflow) return;
  const input = await vscode.window.showInputBox({
    title: `Run ${workflow} in the sandbox`,
    prompt: "The input, as JSON; nothing for an example that fits",
    placeHolder: '{ "name": "Ada" }',
    validateInput: complaintAbout,
  });
  if (input === undefined) return;
  const given = input.trim() === "" ? [] : ["--input", input];
  await inTerminal("run", ["run", "--sandbox", path.basename(file), workflow, ...given], file);
}

async function test(uri, title) {
  const file = fileOf(uri);
  // A button of the editor says more than its file; only a lens says a title.
  const chosen = typeof title === "string" ? ["--filter", title] : [];
  if (file) await inTerminal("test", ["test", path.basename(file), ...chosen], file);
}

module.exports = { run, test };
