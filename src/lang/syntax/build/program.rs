//! A file and its declarations.

use super::super::ast::{
    Declaration, Function, HandlerSet, Name, Text, Type, TypeDeclaration, TypeKind, Use, Workflow,
};
use super::super::code;
use super::super::grammar::{Node, Rule};
use super::super::letter;
use super::Builder;
use super::junk::Place;

/// What stands between a declaration's keyword and its braces.
pub(super) struct Title {
    pub(super) name: Option<Name>,
    pub(super) title: Option<Text>,
}

impl Builder<'_> {
    pub(super) fn file(&mut self, node: Node<'_>) -> Vec<Declaration> {
        let mut declarations = Vec::new();
        for item in self.items(node) {
            if item.node.as_rule() == Rule::EOI {
                continue;
            }
            declarations.extend(self.declaration(item));
        }
        declarations
    }

    fn declaration(&mut self, item: super::Item<'_>) -> Option<Declaration> {
        let node = item.node.clone();
        match node.as_rule() {
            Rule::workflow => self.workflow(node).map(Declaration::Workflow),
            Rule::connector => self.connector(node).map(Declaration::Connector),
            Rule::test => self.test(node).map(Declaration::Test),
            Rule::type_declaration => self.type_declaration(node).map(Declaration::Type),
            Rule::function => self.function(node).map(Declaration::Fn),
            Rule::handler_set => self.handler_set(node).map(Declaration::Handler),
            Rule::persona => self.persona(node).map(Declaration::Persona),
            Rule::use_ => self.use_(node).map(Declaration::Use),
            Rule::mistaken_declaration => self.unknown_declaration(node),
            Rule::mistaken_statement_outside => {
                self.statement_outside(node);
                None
            }
            _ => {
                self.junk(item, Place::File);
                None
            }
        }
    }

    /// The name and title of a declaration. `keyword` is the word it begins with.
    pub(super) fn title(&mut self, node: &Node<'_>, keyword: &str) -> Title {
        let mut found = Title { name: None, title: None };
        let Some(title) = node.clone().into_inner().find(|part| part.as_rule() == Rule::title) else { return found };
        for part in title.into_inner() {
            match part.as_rule() {
                Rule::name => found.name = Some(self.name(&part)),
                Rule::string => found.title = Some(self.plain(&part)),
                Rule::colon | Rule::assign => {
                    let span = self.span(&part);
                    let fault = self
                        .faults
                        .error(
                            code::COLON_OR_EQUALS,
                            self.range(&part),
                            format!("nothing stands between `{keyword}` and its name"),
                        )
                        .fix(format!("write `{keyword} NAME {{ ... }}`"), span, "");
                    self.faults.push(fault);
                }
                _ => self.header_junk(&part, keyword),
            }
        }
        if found.name.is_none() {
            let message = format!("this {keyword} has no name");
            match &found.title {
                Some(title) => {
                    let name = letter::name_of(&title.text.to_lowercase()).unwrap_or_else(|| "main".to_owned());
                    let place = title.span.before();
                    let fault = self
                        .faults
                        .error(code::MISSING, self.head(node), message)
                        .label("a title does not replace the name")
                        .fix(format!("write `{keyword} {name} {:?}`", &*title.text), place, format!("{name} "));
                    self.faults.push(fault);
                    found.name = Some(Name { text: name.into(), span: title.span });
                }
                None => self.missing(node, message, format!("write `{keyword} NAME {{ ... }}`")),
            }
        }
        found
    }

    fn workflow(&mut self, node: Node<'_>) -> Option<Workflow> {
        let span = self.span(&node);
        let doc = self.doc(span.range().start);
        let title = self.title(&node, "workflow");
        let block = self.block_in(&node);
        if block.is_none() && title.name.is_none() {
            return None;
        }
        let body = self.body(block, &node, "this workflow");
        Some(Workflow { doc, name: title.name?, title: title.title, body, span })
    }

    fn handler_set(&mut self, node: Node<'_>) -> Option<HandlerSet> {
        let span = self.span(&node);
        let doc = self.doc(span.range().start);
        let title = self.title(&node, "handler");
        let block = self.block_in(&node);
        let body = self.body(block, &node, "this handler");
        Some(HandlerSet { doc, name: title.name?, body, span })
    }

    fn use_(&mut self, node: Node<'_>) -> Option<Use> {
        let (span, owner) = (self.span(&node), node.clone());
        let (mut path, mut alias, mut wants_alias) = (None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::string => path = Some(self.plain(&part)),
                Rule::name => alias = Some(self.name(&part)),
                Rule::kw_as => wants_alias = true,
                _ => {}
            }
        }
        if path.is_none() || (wants_alias && alias.is_none()) {
            self.missing(&owner, "this `use` is not complete", "write `use \"lib/alerts.flow\" as alerts`");
        }
        Some(Use { path: path?, alias, span })
    }

    fn type_declaration(&mut self, node: Node<'_>) -> Option<TypeDeclaration> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let (mut name, mut ty, mut equals) = (None, None, false);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::type_ => ty = Some(self.type_(part)),
                Rule::assign => equals = true,
                _ => {}
            }
        }
        let example = "write `type NAME { field: type }` or `type NAME = \"a\" | \"b\"`";
        let object = matches!(&ty, Some(Type { kind: TypeKind::Object(_), .. }));
        if name.is_none() || ty.is_none() || (!equals && !object) {
            self.missing(&owner, "this type is not complete", example);
        }
        let ty = ty.unwrap_or_else(|| Type { kind: TypeKind::Union(Vec::new()), optional: false, span });
        Some(TypeDeclaration { doc, name: name?, ty, span })
    }

    fn function(&mut self, node: Node<'_>) -> Option<Function> {
        let (span, owner) = (self.span(&node), node.clone());
        let doc = self.doc(span.range().start);
        let (mut name, mut params, mut body) = (None, None, None);
        for part in node.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::names => params = Some(self.names(part, Place::Params)),
                Rule::junk_head => self.header_junk(&part, "fn"),
                Rule::code => body = Some(self.code(part)),
                Rule::code_below => body = self.below(part).map(|code| self.code(code)),
                _ => {}
            }
        }
        if name.is_none() || params.is_none() || body.is_none() {
            self.missing(&owner, "this function is not complete", "write `fn NAME(first, second) { first + second }`");
        }
        let body = body.unwrap_or_else(|| super::super::ast::Code { source: "".into(), span: span.after() });
        Some(Function { doc, name: name?, params: params.unwrap_or_default(), body, span })
    }

    /// Names in brackets.
    pub(super) fn names(&mut self, node: Node<'_>, place: Place) -> Vec<Name> {
        let mut names = Vec::new();
        for item in self.items(node) {
            match item.node.as_rule() {
                Rule::name => names.push(self.name(&item.node)),
                Rule::mistaken_typed => names.extend(self.typed_name(item.node)),
                _ => self.junk(item, place),
            }
        }
        names
    }

    /// `a: int` among the parameters of a function.
    fn typed_name(&mut self, node: Node<'_>) -> Option<Name> {
        let end = self.range(&node).end;
        let name = node.into_inner().find(|part| part.as_rule() == Rule::name).map(|name| self.name(&name))?;
        let rest = self.faults.span(name.span.range().end..end);
        let fault = self.faults.error(code::FOREIGN_WORD, rest.range(), "the parameters of a function have no types");
        self.faults.push(fault.fix(format!("write `{}` alone", name.text), rest, ""));
        Some(name)
    }
}
