// A VS Code that a browser shows: the server of VS Code, as the package `code-server` brings it, and what drives the browser.
// What is got stays in `test/got`, or in the folder that FLOW_TEST_VSCODE names.

const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const got = path.resolve(process.env.FLOW_TEST_VSCODE ?? path.join(__dirname, "got"));
const modules = path.join(got, "node_modules");
const vscode = path.join(modules, "code-server", "lib", "vscode");

const PACKAGES = ["code-server@4.100.3", "playwright-core@1.65.1", "@vscode/vsce@4.1.0"];
/** What is no JavaScript and has to be built: terminals. */
const BUILT = ["node-pty"];

function npm(args, cwd) {
  execFileSync("npm", ["--no-audit", "--no-fund", "--silent", ...args], { cwd, stdio: "inherit" });
}

function get() {
  const done = path.join(got, "done");
  if (fs.existsSync(done)) return;
  fs.mkdirSync(got, { recursive: true });
  fs.writeFileSync(path.join(got, "package.json"), '{ "private": true }\n');
  npm(["install", "--ignore-scripts", ...PACKAGES], got);
  npm(["install", "--ignore-scripts", "--omit=dev"], vscode);
  for (const name of BUILT) {
    npm(["exec", "--yes", "--", "node-gyp@12.4.0", "rebuild", "--silent"], path.join(vscode, "node_modules", name));
  }
  // A bundle that VS Code looks for holds what lies beside it.
  fs.symlinkSync("node_modules", path.join(vscode, "node_modules.asar"));
  fs.writeFileSync(done, `${PACKAGES.join("\n")}\n`);
}

/** The browser that is here; nothing where there is none. */
function browser() {
  const named = process.env.FLOW_TEST_BROWSER;
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  const known = ["chromium", "chromium-browser", "google-chrome"].flatMap((name) =>
    folders.map((folder) => path.join(folder, name)),
  );
  return [named, ...known].find((file) => file && fs.existsSync(file));
}

if (require.main === module) get();

module.exports = { get, browser, modules, vscode };
