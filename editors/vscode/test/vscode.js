// VS Code in a browser, with the extension installed from its package, and what a person does there.

const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { browser, modules, vscode } = require("./get");

const PATIENCE = 60_000;
const extension = path.dirname(__dirname);

/** Packs the extension as its users do; gives the package. */
function packed(folder) {
  const copy = path.join(folder, "extension");
  const skipped = [path.join(extension, "test"), path.join(extension, "node_modules")];
  fs.cpSync(extension, copy, { recursive: true, filter: (file) => !skipped.includes(file) });
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund"], { cwd: copy, stdio: "inherit" });
  const vsce = path.join(modules, "@vscode", "vsce", "vsce");
  const out = path.join(folder, "flow.vsix");
  const args = [vsce, "package", "--allow-missing-repository", "--skip-license", "--out", out];
  execFileSync(process.execPath, args, { cwd: copy, stdio: "pipe" });
  return out;
}

class Vscode {
  /** A VS Code with these files in its folder, and `settings`. */
  static async open(files, settings) {
    const self = new Vscode();
    self.home = fs.mkdtempSync(path.join(os.tmpdir(), "flow-vscode-"));
    self.folder = path.join(self.home, "project");
    fs.mkdirSync(self.folder);
    for (const [name, text] of Object.entries(files)) self.write(name, text);
    self.set(settings);
    const main = path.join(vscode, "out", "server-main.js");
    const common = ["--server-data-dir", self.data, "--accept-server-license-terms", "--telemetry-level", "off"];
    const install = [main, ...common, "--install-extension", packed(self.home)];
    execFileSync(process.execPath, install, { cwd: self.home, stdio: "pipe" });
    const serve = [main, ...common, "--host", "127.0.0.1", "--port", "0", "--without-connection-token"];
    self.server = spawn(process.execPath, serve, { cwd: self.home, stdio: ["ignore", "pipe", "inherit"] });
    const port = await new Promise((resolve, reject) => {
      self.server.once("exit", (code) => reject(new Error(`VS Code ended with ${code}`)));
      self.server.stdout.on("data", (said) => {
        const found = /Extension host agent listening on (\d+)/.exec(String(said));
        if (found) resolve(found[1]);
      });
    });
    const { chromium } = require(path.join(modules, "playwright-core"));
    self.browser = await chromium.launch({ executablePath: browser(), args: ["--no-sandbox", "--disable-gpu"] });
    self.page = await self.browser.newPage({ viewport: { width: 1400, height: 900 } });
    self.page.setDefaultTimeout(PATIENCE);
    await self.page.goto(`http://127.0.0.1:${port}/?folder=${self.folder}`);
    await self.page.getByRole("button", { name: "Yes, I trust the authors" }).click();
    return self;
  }

  get data() {
    return path.join(this.home, "server");
  }

  /** Sets what counts on this machine. */
  set(settings) {
    const folder = path.join(this.data, "data", "Machine");
    const quiet = {
      "workbench.startupEditor": "none",
      // In a browser, VS Code would save by itself.
      "files.autoSave": "off",
      // Without graphics, what stands in the terminal is text of the page.
      "terminal.integrated.gpuAcceleration": "off",
    };
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "settings.json"), JSON.stringify({ ...quiet, ...settings }));
  }

  write(name, text) {
    fs.writeFileSync(path.join(this.folder, name), text);
  }

  read(name) {
    return fs.readFileSync(path.join(this.folder, name), "utf8");
  }

  async close() {
    await this.browser?.close();
    const gone = new Promise((resolve) => this.server?.once("exit", resolve));
    if (this.server?.kill()) await gone;
    fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  type(text) {
    return this.page.keyboard.type(text, { delay: 10 });
  }

  /** Opens a file with two clicks, as one that stays. */
  async open(name) {
    await (await this.seen(".explorer-viewlet .monaco-list-row", name)).dblclick();
    await this.seen(`.monaco-editor.focused[data-uri$="/${name}"]`);
  }

  /** Types into the line that VS Code asks for commands and places in. */
  async asked(key, text, offered) {
    await this.press(key);
    const input = await this.seen(".quick-input-widget input[type=text]");
    await input.pressSequentially(text);
    await this.seen(".quick-input-list .monaco-list-row.focused", offered);
    await this.press("Enter");
    await input.waitFor({ state: "hidden" });
  }

  command(name) {
    return this.asked("F1", name, name);
  }

  /** Puts the cursor behind the first such words of a saved file, in its editor. */
  behind(name, words) {
    const text = this.read(name);
    const lines = text.slice(0, text.indexOf(words) + words.length).split("\n");
    return this.asked("Control+G", `${lines.length}:${lines.at(-1).length + 1}`, `line ${lines.length}`);
  }

  /** Waits until there is something to see, and gives it. */
  async seen(selector, hasText) {
    const found = this.page.locator(selector, hasText === undefined ? {} : { hasText }).first();
    await found.waitFor();
    return found;
  }

  /** Waits until there is no such thing to see. */
  async gone(selector, hasText) {
    const found = this.page.locator(selector, hasText === undefined ? {} : { hasText });
    await this.until(`${selector} ${hasText ?? ""} goes`, async () => (await found.count()) === 0);
  }

  async pressLens(title) {
    await (await this.seen(".codelens-decoration a", title)).click();
  }

  /** Waits until `what` holds; gives what it gives. */
  async until(why, what) {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = await what();
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited in vain: ${why}`);
      await this.page.waitForTimeout(100);
    }
  }

  /** Waits until the terminal says something. */
  async printed(words) {
    let said = "";
    const found = async () => {
      const rows = await this.page.locator(".xterm-rows").allInnerTexts();
      said = rows.join("\n").replaceAll("\u00a0", " ");
      return said.includes(words);
    };
    await this.until(`the terminal says "${words}"`, found).catch((error) => {
      throw new Error(`${error.message}; it says "${said}"`);
    });
  }
}

module.exports = { Vscode };
