"""HubSpot's own client for Python is written from its OpenAPI documents; this reads them out of it again.

    python3 hubspot.py DIRECTORY    the directory holds `hubspot_sdk`; the document goes to standard output
"""
import ast, functools, json, pathlib, re, sys

root = pathlib.Path(sys.argv[1])
schemas, paths = {}, {}
PLAIN = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "datetime": "string", "date": "string"}
LISTS = {"List", "Iterable", "SequenceNotStr", "Sequence"}


@functools.cache
def module(name):
    """A module's classes, and where each name that it imports comes from."""
    path = root / name.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists():
        return {}, {}
    tree, classes, imported = ast.parse(file.read_text()), {}, {}
    above = name.split(".") if path.is_dir() else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            classes[node.name] = node
        if isinstance(node, ast.ImportFrom) and node.level:
            origin = ".".join(above[: len(above) - node.level + 1] + ([node.module] if node.module else []))
            imported |= {it.asname or it.name: (origin, it.name) for it in node.names}
    return classes, imported


def find(name, inside):
    """The module and the name of the class that is called `name` inside of a module."""
    classes, imported = module(inside)
    if name in classes:
        return inside, name
    if name not in imported:
        return None
    origin, name = imported[name]
    return find(name, origin)


def referred(name, inside):
    """A reference to a class, which is described where it is asked for first."""
    found = find(name, inside)
    if not found:
        return {}
    key = ".".join(found)
    if key not in schemas:
        schemas[key] = {}
        schemas[key] = described(module(found[0])[0][name], found[0])
    return {"$ref": f"#/components/schemas/{key}"}


def schema(kind, inside):
    """What an annotation says."""
    match kind:
        case ast.Name(id) if id in PLAIN:
            return {"type": PLAIN[id]}
        case ast.Name(id):
            return referred(id, inside)
        case ast.Attribute(ast.Name(place), name):
            origin, module_name = module(inside)[1][place]
            return referred(name, f"{origin}.{module_name}")
        case ast.Constant(value) if isinstance(value, str):
            return schema(ast.parse(value, mode="eval").body, inside)
        case ast.Subscript(ast.Name(id), inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if id in LISTS:
                return {"type": "array", "items": schema(parts[0], inside)}
            if id == "Dict":
                return {"type": "object", "additionalProperties": schema(parts[1], inside)}
            if id == "Literal":
                return {"enum": [part.value for part in parts]}
            if id == "Union":
                return {"anyOf": [schema(part, inside) for part in parts]}
            return schema(parts[0], inside)
    return {}


def described(node, inside):
    """A class of the client: its fields by the names that go over the wire."""
    properties, required = {}, []
    for field in [field for field in node.body if isinstance(field, ast.AnnAssign)]:
        text = ast.unparse(field)
        alias = re.search(r"alias='([^']*)'", text)
        name = alias.group(1) if alias else field.target.id
        properties[name] = schema(field.annotation, inside)
        if "Required[" in text:
            required.append(name)
    own = {"type": "object", "properties": properties, "required": required}
    parts = [referred(base.id, inside) for base in node.bases if isinstance(base, ast.Name) and base.id != "BaseModel"]
    return {"allOf": [*filter(None, parts), own]}


def written(value, inside):
    """What is sent by `maybe_transform({"name": name, ...}, Params)`: the fields of `Params` that stand there."""
    call = value.value if isinstance(value, ast.Await) else value
    if not (isinstance(call, ast.Call) and len(call.args) == 2):
        return {}
    target = schema(call.args[1], inside)
    if "$ref" not in target or not isinstance(call.args[0], ast.Dict):
        return target
    whole = schemas[target["$ref"].rsplit("/", 1)[1]]["allOf"][-1]
    sent = {key.value for key in call.args[0].keys}
    own = {name for name in whole["properties"] if re.sub("[A-Z]", lambda it: "_" + it.group().lower(), name) in sent}
    properties = {name: it for name, it in whole["properties"].items() if name in own}
    return {"type": "object", "properties": properties, "required": [name for name in whole["required"] if name in own]}


def request(call, inside):
    """A request: `self._post("/path", body=..., options=make_request_options(query=...), cast_to=...)`."""
    target = call.args[0].args[0] if isinstance(call.args[0], ast.Call) else call.args[0]
    if not (isinstance(target, ast.Constant) and str(target.value).startswith("/")):
        return
    named = {word.arg: word.value for word in call.keywords}
    options = named.get("options")
    asked = next((word.value for word in getattr(options, "keywords", []) if word.arg == "query"), None)
    query = written(asked, inside) if asked else {}
    said = {"parameters": [
        {"name": name, "in": "query", "required": name in query["required"], "schema": it}
        for name, it in query.get("properties", {}).items()
    ]}
    if "body" in named:
        media = "multipart/form-data" if "files" in named else "application/json"
        said["requestBody"] = {"content": {media: {"schema": written(named["body"], inside)}}}
    answer = schema(named.get("cast_to"), inside)
    if "page" in named:
        page = {"results": {"type": "array", "items": schema(named["page"], inside)}, "paging": {}}
        answer = {"type": "object", "properties": page}
    said["responses"] = {"200": {"content": {"application/json": {"schema": answer}}}}
    verb = call.func.attr.removeprefix("_").removesuffix("_api_list")
    paths.setdefault(target.value, {}).setdefault(verb, said)


for file in sorted((root / "hubspot_sdk" / "resources").rglob("*.py")):
    inside = ".".join(file.relative_to(root).with_suffix("").parts)
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            if re.fullmatch("_(get|post|put|patch|delete)(_api_list)?", node.func.attr):
                request(node, inside)
json.dump({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}, sys.stdout)
