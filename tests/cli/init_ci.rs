//! `flow init-ci`: the files are YAML as the services read it, and their commands pass on what `flow new` makes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

use super::Folder;

/// A folder in which `flow new` was called.
fn project() -> Folder {
    let folder = Folder::with("");
    fs::remove_file(folder.path().join("main.flow")).expect("it is there");
    assert_eq!(folder.flow(&["new", "."]).code, 0);
    folder
}

fn parsed(text: &str) -> Json {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn read(folder: &Folder, name: &str) -> Json {
    parsed(&fs::read_to_string(folder.path().join(name)).expect("it was written"))
}

/// The commands that GitHub gives to a shell, in order.
fn github(file: &Json) -> Vec<String> {
    let steps = file["jobs"]["flows"]["steps"].as_array().expect("steps");
    steps.iter().filter_map(|step| step["run"].as_str().map(str::to_owned)).collect()
}

/// Those of GitLab.
fn gitlab(file: &Json) -> Vec<String> {
    let lists = ["before_script", "script"].map(|name| file["flows"][name].as_array().expect("a list"));
    lists.into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect()
}

/// All of them in one shell, which ends with the first that fails, as a service's does.
fn carried_out(commands: &[String], directory: &Path) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_flow")).parent().expect("it lies in a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let root = directory.to_string_lossy().into_owned();
    Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", &commands.join("\n")])
        .current_dir(directory)
        .env("PATH", path)
        .env("CI_PROJECT_DIR", &root)
        .env("CARGO_INSTALL_ROOT", format!("{root}/.flow-installed"))
        .output()
        .expect("bash is there")
}

#[test]
fn the_commands_of_each_file_pass_on_a_new_project_and_fail_with_it() {
    for (service, file) in [("github", ".github/workflows/flow.yml"), ("gitlab", ".gitlab-ci.yml")] {
        let folder = project();
        let done = folder.flow(&["init-ci", service]);
        assert_eq!((done.code, &*done.stdout), (0, ""), "{service}");
        assert!(
            done.stderr.starts_with(&format!(
                "made {file}: it checks the program of this directory, and those that come\nnext:\n  git add {file} "
            )),
            "{}",
            done.stderr
        );
        let written = read(&folder, file);
        let commands = if service == "github" { github(&written) } else { gitlab(&written) };
        let out = carried_out(&commands, folder.path());
        assert!(out.status.success(), "{service}: {}", String::from_utf8_lossy(&out.stderr));
        let came = fs::read_to_string(folder.path().join("flow-tests.xml")).expect("the tests were written down");
        assert!(came.contains("<testsuites") && came.contains("a welcome is sent"), "{came}");
        let flow = fs::read_to_string(folder.path().join("welcome.flow")).expect("it is there");
        let spoilt = [
            ("input.name}!", "input.nmae}!", "F0203"),
            ("    retry 3", "  retry 3", "1 would change"),
            ("== 2m", "== 3m", ""),
        ];
        for (right, wrong, said) in spoilt {
            assert!(flow.contains(right), "{right}");
            folder.write("welcome.flow", flow.replace(right, wrong).as_bytes());
            let out = carried_out(&commands, folder.path());
            let words = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
            assert!(!out.status.success() && words.contains(said), "{service}, {wrong}: {words}");
        }
        let came = fs::read_to_string(folder.path().join("flow-tests.xml")).expect("the tests were written down");
        assert!(came.contains("<failure"), "what failed is told, too: {came}");
    }
}

#[test]
fn nothing_is_written_over_unless_that_is_said() {
    let folder = project();
    folder.write(".gitlab-ci.yml", b"mine: true\n");
    let done = folder.flow(&["init-ci", "gitlab"]);
    assert_eq!((done.code, &*done.stdout), (2, ""));
    insta::assert_snapshot!(done.stderr, @"
    error: `.gitlab-ci.yml` is there already
      hint: `flow init-ci gitlab --print` shows what would be written, to take parts of it over
      hint: `--force` writes over it
    ");
    let printed = folder.flow(&["init-ci", "gitlab", "--print"]);
    assert_eq!((printed.code, &*printed.stderr), (0, ""));
    assert_eq!(fs::read_to_string(folder.path().join(".gitlab-ci.yml")).expect("it is there"), "mine: true\n");
    assert_eq!(folder.flow(&["init-ci", "gitlab", "--force"]).code, 0);
    assert_eq!(fs::read_to_string(folder.path().join(".gitlab-ci.yml")).expect("it is there"), printed.stdout);
}

#[test]
fn it_lies_where_the_repository_begins_and_takes_all_programs_from_its_directory_on() {
    let folder = Folder::with("");
    fs::remove_file(folder.path().join("main.flow")).expect("it is there");
    for name in ["repo/.git", "repo/teams/sales/lib", "repo/teams/sales/our orders", "repo/teams/sales/target"] {
        fs::create_dir_all(folder.path().join(name)).expect("a folder");
    }
    let program = b"workflow a {\n    output 1\n}\n\ntest \"it gives one\" for a {\n    expect output == 1\n}\n";
    for name in ["lib/a.flow", "our orders/b.flow", "target/c.flow"] {
        folder.write(&format!("repo/teams/sales/{name}"), program);
    }
    folder.write("repo/.git/config", b"[remote \"origin\"]\n\turl = git@gitlab.example.com:a/b.git\n");
    let done = folder.flow_at("repo/teams/sales", &["init-ci"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    assert!(
        done.stderr.starts_with(
            "made ../../.gitlab-ci.yml: it checks the 2 programs of this directory, and those that come\n"
        ),
        "{}",
        done.stderr
    );
    let file = read(&folder, "repo/.gitlab-ci.yml");
    assert_eq!(file["flows"]["artifacts"]["reports"]["junit"], "teams/sales/flow-tests.xml");
    let out = carried_out(&gitlab(&file), &folder.path().join("repo"));
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let came = fs::read_to_string(folder.path().join("repo/teams/sales/flow-tests.xml")).expect("it was written");
    assert!(came.contains("name=\"lib/a.flow\"") && came.contains("name=\"our orders/b.flow\""), "{came}");
    assert!(!came.contains("target"), "{came}");
    let done = folder.flow_at("repo/teams/sales", &["init-ci", "github", "--install", "make flow"]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let file = read(&folder, "repo/.github/workflows/flow.yml");
    assert_eq!(file["jobs"]["flows"]["defaults"]["run"]["working-directory"], "teams/sales");
    assert!(github(&file)[0].contains("|| { make flow; }"), "{:?}", github(&file));
}

#[test]
fn where_no_program_is_that_is_said() {
    let folder = Folder::with("");
    fs::remove_file(folder.path().join("main.flow")).expect("it is there");
    let done = folder.flow(&["init-ci"]);
    assert!(done.code == 0 && done.stderr.contains("there is no `.flow` file here yet"), "{}", done.stderr);
    assert!(folder.path().join(".github/workflows/flow.yml").exists(), "GitHub where nothing says otherwise");
}
