// The program `flow`: where it lies, and whether it is there.

const { execFile } = require("node:child_process");
const os = require("node:os");
const path = require("node:path");
const vscode = require("vscode");

/** What the setting says, with the home folder in place of `~`. */
function program() {
  const named = vscode.workspace.getConfiguration("flow").get("path")?.trim() || "flow";
  return named.startsWith("~/") ? path.join(os.homedir(), named.slice(2)) : named;
}

/** Why `flow` cannot be used; nothing where it can. */
function complaint() {
  const named = program();
  return new Promise((resolve) => {
    execFile(named, ["--version"], { timeout: 20_000 }, (error, stdout) => {
      // Another `flow` checks the types of JavaScript, and is asked for its version as well.
      const theirs = stdout.trim().split("\n")[0];
      if (/^flow \d/.test(theirs)) resolve(undefined);
      else if (error?.code === "ENOENT") resolve(missing(named));
      else if (theirs) resolve(`\`${named}\` is another program: it says "${theirs}".`);
      else resolve(`\`${named} --version\` fails: ${error?.message ?? "it says nothing"}`);
    });
  });
}

function missing(named) {
  return path.isAbsolute(named)
    ? `There is no program ${named}, which the setting flow.path names.`
    : `There is no program \`${named}\` in the path that VS Code was started with.`;
}

const SETTING = "Open Setting";
const AGAIN = "Try Again";

/** Tells what is wrong and what helps; whether it is worth another try. */
async function explain(why) {
  const help =
    "In the source of Orchestra Flow, `cargo install --path . --locked` builds it. " +
    "Where it lies elsewhere, the setting flow.path says so, as in /home/me/.cargo/bin/flow.";
  const chosen = await vscode.window.showErrorMessage(`${why} ${help}`, SETTING, AGAIN);
  if (chosen === SETTING) await vscode.commands.executeCommand("workbench.action.openSettings", "flow.path");
  return chosen === AGAIN;
}

module.exports = { program, complaint, explain };
