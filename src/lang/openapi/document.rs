//! The document: its operations in order, and where its references lead.

use serde_json::Value as Json;

use super::{Unusable, swagger};

/// How many references may lead to each other.
const REFS_MAX: usize = 32;

/// The methods of a path, in the order in which people look for them.
const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

static NOTHING: Json = Json::Null;

/// An OpenAPI document of version 3.
#[derive(Debug)]
pub struct Document {
    root: Json,
}

/// One operation of it.
#[derive(Clone, Debug)]
pub struct Entry<'d> {
    /// In lower case.
    pub method: &'static str,
    /// As it is written: `/tasks/{task_gid}`.
    pub path: &'d str,
    /// What all operations of the path share.
    pub item: &'d Json,
    /// What it says of itself.
    pub json: &'d Json,
}

impl Document {
    /// Takes in a document, of version 2 as well.
    pub fn new(root: Json) -> Result<Self, Unusable> {
        let foreign = |what: &str| Err(Unusable::Foreign(what.to_owned()));
        let version = |name: &str| match &root[name] {
            Json::String(version) => Some(version.clone()),
            Json::Number(version) => Some(version.to_string()),
            _ => None,
        };
        match (version("openapi"), version("swagger")) {
            (Some(version), _) if version.starts_with('3') => {}
            (None, Some(version)) if version.starts_with('2') => return Ok(Self { root: swagger::as_three(&root) }),
            (Some(version), _) | (None, Some(version)) => {
                return foreign(&format!("its version is {version}, and 3.0, 3.1 and Swagger 2.0 can be read"));
            }
            (None, None) if root["resources"].is_object() => {
                return foreign("it is a discovery document of Google; look for the OpenAPI form of it");
            }
            (None, None) if root["item"].is_array() => {
                return foreign("it is a collection of Postman; export it as OpenAPI");
            }
            (None, None) => return foreign("it has neither `openapi` nor `swagger` at its top"),
        }
        if !root["paths"].is_object() {
            return foreign("it has no `paths`");
        }
        Ok(Self { root })
    }

    pub fn title(&self) -> &str {
        self.root["info"]["title"].as_str().unwrap_or("a service")
    }

    pub fn version(&self) -> &str {
        self.root["info"]["version"].as_str().unwrap_or_default()
    }

    pub fn description(&self) -> &str {
        self.root["info"]["description"].as_str().unwrap_or_default()
    }

    /// Something at the top of the document.
    pub fn top(&self, name: &str) -> &Json {
        &self.root[name]
    }

    /// One of the schemes by which requests prove who asks.
    pub fn scheme(&self, name: &str) -> &Json {
        self.deref(&self.root["components"]["securitySchemes"][name])
    }

    /// What a `$ref` leads to, or the thing itself; nothing where it leads nowhere or in a circle.
    pub fn deref<'d>(&'d self, mut thing: &'d Json) -> &'d Json {
        for _ in 0..REFS_MAX {
            let Some(target) = thing["$ref"].as_str() else { return thing };
            let Some(pointer) = target.strip_prefix('#') else { return &NOTHING };
            let found = self
                .root
                .pointer(pointer)
                .or_else(|| self.root.pointer(&pointer.replace("%7B", "{").replace("%7D", "}")));
            let Some(found) = found else { return &NOTHING };
            thing = found;
        }
        &NOTHING
    }

    /// All operations, in the order of the document.
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let mut entries = Vec::new();
        for (path, item) in self.root["paths"].as_object().into_iter().flatten() {
            let item = self.deref(item);
            let of = |method: &&'static str| item[*method].is_object();
            entries.extend(METHODS.into_iter().filter(of).map(|method| Entry {
                method,
                path,
                item,
                json: &item[method],
            }));
        }
        entries
    }

    /// The parameters of an operation, its own before those of its path, each once.
    pub fn parameters<'d>(&'d self, entry: &Entry<'d>) -> Vec<&'d Json> {
        let lists = [&entry.json["parameters"], &entry.item["parameters"]];
        let mut found: Vec<&Json> = Vec::new();
        for parameter in lists.into_iter().filter_map(Json::as_array).flatten() {
            let parameter = self.deref(parameter);
            let is_same = |other: &&Json| other["name"] == parameter["name"] && other["in"] == parameter["in"];
            if parameter["name"].is_string() && !found.iter().any(is_same) {
                found.push(parameter);
            }
        }
        found
    }

    /// The answer of an operation where all went well: its status, and what is said of it.
    pub fn good_answer<'d>(&'d self, entry: &Entry<'d>) -> (u16, &'d Json) {
        let answers = entry.json["responses"].as_object();
        let good = answers.into_iter().flatten().filter_map(|(status, answer)| {
            let number = status.replace(['X', 'x'], "0").parse::<u16>().ok()?;
            (200..300).contains(&number).then(|| (number, self.deref(answer)))
        });
        let best = good.min_by_key(|(status, _)| *status);
        best.unwrap_or_else(|| (200, self.deref(&entry.json["responses"]["default"])))
    }
}

impl<'d> Entry<'d> {
    /// Its id in the document.
    pub fn id(&self) -> Option<&'d str> {
        self.json["operationId"].as_str().filter(|id| !id.trim().is_empty())
    }

    /// What it is filed under.
    pub fn tags(&self) -> impl Iterator<Item = &'d str> {
        self.json["tags"].as_array().into_iter().flatten().filter_map(Json::as_str)
    }

    /// How it is known to people: its id, otherwise method and path.
    pub fn shown(&self) -> String {
        self.id().map_or_else(|| format!("{} {}", self.method.to_uppercase(), self.path), str::to_owned)
    }
}
