//! `code`, `function`: JavaScript of the document's own.

use crate::lang::foreign::n8n::data::{Data, Items};
use crate::lang::foreign::n8n::document::Node;
use crate::lang::foreign::n8n::javascript::{self, Seen, Value};
use crate::lang::foreign::n8n::machine::Machine;
use crate::lang::foreign::term::Term;
use crate::lang::layout;

/// How much of a script is kept beside the function that stands for it.
const LINES_MAX: usize = 200;

impl Machine<'_> {
    /// Carries over a script of one value; of any other, a function stands for it with the script beside.
    pub fn code(&mut self, node: &Node<'_>, items: &Items) -> Items {
        let source =
            ["jsCode", "functionCode", "pythonCode"].into_iter().map(|name| node.text(name)).find(|it| !it.is_empty());
        let source = source.unwrap_or_default();
        let per_item = node.kind == "functionItem" || node.text("mode") == "runOnceForEachItem";
        match self.carried(node, source, items, per_item) {
            Ok(items) => items,
            Err(why) => self.kept(node, source, items, per_item, &why),
        }
    }

    fn carried(&mut self, node: &Node<'_>, source: &str, items: &Items, per_item: bool) -> Result<Items, String> {
        if node.text("language").starts_with("python") {
            return Err("it is Python".to_owned());
        }
        let script = javascript::script(source)?;
        let mut seen = Seen { items: items.clone(), names: Vec::new() };
        // Nothing is written before all of it can be.
        let mut lets: Vec<(String, Term)> = Vec::new();
        for (name, expr) in &script.names {
            let value = self.carry(expr, &seen)?;
            let plain = match value {
                Value::Data(Data::Term(_)) | Value::Moment(_) => self.written(value)?,
                known => {
                    seen.names.push((name.clone(), known));
                    continue;
                }
            };
            let own = self.draft.name(&format!("{} {name}", node.name));
            let is_moment = matches!(&plain, Term::Path(code) if code.starts_with("now()") || code.starts_with("add("));
            lets.push((own.clone(), plain));
            let bound = if is_moment { Value::Moment(Term::Path(own)) } else { Value::Data(Data::Path(own)) };
            seen.names.push((name.clone(), bound));
        }
        let gives = self.given_by(&script.gives, &seen, items, per_item)?;
        for (name, term) in lets {
            self.settle();
            self.draft.statement(&format!("let {name}: any ="), &term);
        }
        Ok(match gives {
            Items::One(data) => Items::One(self.bound(node.name, data)),
            Items::Either(data) => Items::Either(data),
            Items::Many(Term::Path(code)) if !code.contains('(') => Items::Many(Term::Path(code)),
            Items::Many(list) => {
                self.settle();
                let own = self.draft.name(node.name);
                self.draft.statement(&format!("let {own}: list<any> ="), &list);
                Items::Many(Term::Path(own))
            }
        })
    }

    /// What is returned, as items: `[{ json: a }]`, `{ json: a }`, `items`, a list that is mapped.
    fn given_by(
        &mut self,
        gives: &javascript::Expr,
        seen: &Seen,
        items: &Items,
        per_item: bool,
    ) -> Result<Items, String> {
        use javascript::Expr;
        match gives {
            Expr::List(list) => match list.as_slice() {
                [one] => Ok(Items::One(self.item_of(one, seen)?)),
                list => {
                    let mut all = Vec::new();
                    for one in list {
                        all.push(self.item_of(one, seen)?.term(&mut self.reads));
                    }
                    Ok(Items::Many(Term::List(all)))
                }
            },
            Expr::Object(_) => Ok(Items::One(self.item_of(gives, seen)?)),
            Expr::Name(name) if matches!(name.as_str(), "items" | "item" | "$input") => Ok(items.clone()),
            Expr::Call(callee, given) => match (&**callee, given.as_slice()) {
                (Expr::Member(of, method, _), [Expr::Arrow(names, body)]) if method == "map" => {
                    let list = self.carry(of, seen)?;
                    let is_items = matches!(list, Value::List(_) | Value::Source(_));
                    let list = self.written(list)?.tight();
                    let [name] = names.as_slice() else {
                        return Err("its function takes more than an item".to_owned());
                    };
                    let own = crate::lang::openapi::naming::parameter(name);
                    let bound = Data::Path(own.clone());
                    let mut inner = seen.clone();
                    inner.names.push((name.clone(), if is_items { Value::Item(bound) } else { Value::Data(bound) }));
                    let made = self.item_of(body, &inner)?.term(&mut self.reads).expression();
                    Ok(Items::Many(Term::Path(format!("{list}.map(|{own}| {made})"))))
                }
                _ => match self.carry(gives, seen)? {
                    Value::List(list) => Ok(Items::Many(list)),
                    Value::Item(data) => Ok(Items::One(data)),
                    Value::Source(items) => Ok(items),
                    _ => Err("what it returns are no items".to_owned()),
                },
            },
            _ if per_item => Ok(Items::One(self.item_of(gives, seen)?)),
            _ => Err("what it returns are no items".to_owned()),
        }
    }

    fn item_of(&mut self, expr: &javascript::Expr, seen: &Seen) -> Result<Data, String> {
        if let javascript::Expr::Object(fields) = expr
            && let Some((_, json)) = fields.iter().find(|(name, _)| name.as_deref() == Some("json"))
        {
            return self.item_of(json, seen);
        }
        match self.carry(expr, seen)? {
            Value::Data(data) | Value::Item(data) => Ok(data),
            Value::Source(items) => Ok(items.first()),
            _ => Err("what it returns is no item".to_owned()),
        }
    }

    /// A function that stands for a script.
    fn kept(&mut self, node: &Node<'_>, source: &str, items: &Items, per_item: bool, why: &str) -> Items {
        let (parameter, given) =
            if per_item { ("item", items.first().term(&mut self.reads)) } else { ("items", self.list(items)) };
        let name = self.draft.name(&format!("{} code", node.name));
        let mut text = String::new();
        text.push_str(&format!("// The script of `{}` in n8n:\n//\n", plain(node.name)));
        for line in source.lines().take(LINES_MAX) {
            text.push_str(format!("//     {}", plain(line)).trim_end());
            text.push('\n');
        }
        if source.lines().count() > LINES_MAX {
            text.push_str("//     ...\n");
        }
        let says = layout::text(&format!("{} is a script of n8n that is not written anew yet", plain(node.name)));
        text.push_str(&format!("fn {name}({parameter}) {{\n    throw {says};\n}}\n"));
        self.draft.own_function(&name, text);
        self.later(format!("its script is not carried over ({why}): write `{name}`, where it stands as a comment"));
        self.settle();
        let own = self.draft.name(node.name);
        self.draft.statement(&format!("let {own}: any ="), &Term::Path(format!("{name}({})", given.expression())));
        if per_item { Items::One(Data::Path(own)) } else { Items::Either(Data::Path(own)) }
    }
}

/// A line without letters that nobody sees.
fn plain(text: &str) -> String {
    text.chars().map(|c| if crate::base::letter::is_hidden(c) { ' ' } else { c }).collect()
}
