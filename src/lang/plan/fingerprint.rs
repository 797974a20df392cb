//! Fingerprints: what a plan and its parts say, without where it is written and how it is laid out.

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::handler::Handler;
use super::node::Node;
use super::squeeze::squeeze;
use super::workflow::Plan;
use crate::base::id::Digest;

/// What a node does by itself: clauses, parameters, head. `parts` are the fingerprints of its own handlers and of what it
/// calls beside its own callee; bodies, and whatever depends on the neighbours, are left out (semantics 73).
pub(super) fn node(node: &Node, parts: &[Digest]) -> Digest {
    write((node, parts), Extent::Own)
}

/// What a node does by itself, whatever it is called.
pub(super) fn nameless(node: &Node, plan: &Plan) -> Digest {
    let mut parts: Vec<Digest> = node.clauses.handlers.iter().map(|id| plan.handlers[id.0 as usize].digest).collect();
    parts.extend(node.clauses.undo.map(|undo| plan.node(undo).digest));
    self::node(&Node { name: None, ..node.clone() }, &parts)
}

/// What a handler says; `notified` is the fingerprint of its call, if it is a `notify`.
pub(super) fn handler(handler: &Handler, notified: Option<Digest>) -> Digest {
    write((handler, notified), Extent::Own)
}

/// A whole plan, with the order of its parts.
pub(super) fn plan(plan: &Plan) -> Digest {
    write(plan, Extent::Whole)
}

/// All of anything that a package holds.
pub(super) fn whole(thing: &impl Serialize) -> Digest {
    write(thing, Extent::Whole)
}

fn write(thing: impl Serialize, extent: Extent) -> Digest {
    let mut writer = Writer { bytes: Vec::new(), extent, script: false };
    match thing.serialize(&mut writer) {
        Ok(()) => Digest::of(&writer.bytes),
        Err(Never) => unreachable!("writing to memory does not fail, and no part of a plan refuses to be written"),
    }
}

/// How much is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// A node or handler without what is inside it and what is round it.
    Own,
    /// Everything but the layout and what is there for people.
    Whole,
}

impl Extent {
    fn leaves_out(self, owner: &'static str, field: &'static str) -> bool {
        let layout = matches!(
            (owner, field),
            (_, "span" | "name_span" | "doc" | "digest") | ("Operation", "examples") | ("Node", "gives")
        );
        let around = matches!(
            (owner, field),
            ("Node", "id" | "label" | "slot" | "waits" | "chain" | "restores")
                | ("Handler", "id" | "depth")
                | ("Script", "roots" | "home")
                | (_, "gathers")
        );
        layout || self == Self::Own && around
    }

    fn leaves_out_all(self, name: &'static str) -> bool {
        name == "Span" || self == Self::Own && matches!(name, "Body" | "Slot" | "NodeId" | "HandlerId" | "ChainId")
    }
}

/// Writes values so that two texts are equal exactly when the values are: everything begins with its kind and length.
struct Writer {
    bytes: Vec<u8>,
    extent: Extent,
    /// Whether the next text is Rhai, of which the layout does not count.
    script: bool,
}

impl Writer {
    fn mark(&mut self, kind: u8, length: usize) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&(length as u64).to_le_bytes());
    }

    fn text(&mut self, kind: u8, text: &str) {
        self.mark(kind, text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, kind: u8, bits: u64) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&bits.to_le_bytes());
    }
}

/// The error of writing to memory: there is none, but for a type that refuses to be written.
#[derive(Debug)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a part of a plan refused to be written")
    }
}

impl std::error::Error for Never {}

impl ser::Error for Never {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

/// What has parts. Their number is not known beforehand where some are left out, so an end is marked.
struct Parts<'a> {
    writer: &'a mut Writer,
    owner: &'static str,
    silent: bool,
}

impl Parts<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        if self.silent { Ok(()) } else { value.serialize(&mut *self.writer) }
    }

    fn named<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Never> {
        if self.silent || self.writer.extent.leaves_out(self.owner, name) {
            return Ok(());
        }
        self.writer.text(b'k', name);
        self.writer.script = matches!((self.owner, name), ("Script", "source") | ("Function", "body"));
        value.serialize(&mut *self.writer)?;
        self.writer.script = false;
        Ok(())
    }

    fn done(self) -> Result<(), Never> {
        if !self.silent {
            self.writer.bytes.push(b'.');
        }
        Ok(())
    }
}

/// Numbers that are written as the widest of their kind.
macro_rules! widened {
    ($wide:ident: $($method:ident($narrow:ty)),+) => {
        $(fn $method(self, value: $narrow) -> Result<(), Never> {
            self.$wide(value.into())
        })+
    };
}

/// One of serde's names for what has parts: they differ in the words alone.
macro_rules! parts {
    ($trait:ident::$method:ident $([$name:ident: $ty:ty])? by $how:ident) => {
        impl ser::$trait for Parts<'_> {
            type Ok = ();
            type Error = Never;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $ty,)? value: &T) -> Result<(), Never> {
                self.$how($($name,)? value)
            }

            fn end(self) -> Result<(), Never> {
                self.done()
            }
        }
    };
}

impl<'a> Serializer for &'a mut Writer {
    type Ok = ();
    type Error = Never;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Parts<'a>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Parts<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Never> {
        self.bytes.push(if value { b't' } else { b'f' });
        Ok(())
    }

    widened! { serialize_i64: serialize_i8(i8), serialize_i16(i16), serialize_i32(i32) }
    widened! { serialize_u64: serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_char(char) }
    widened! { serialize_f64: serialize_f32(f32) }

    fn serialize_i64(self, value: i64) -> Result<(), Never> {
        self.number(b'i', value.cast_unsigned());
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Never> {
        self.number(b'u', value);
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Never> {
        self.number(b'd', value.to_bits());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Never> {
        if self.script {
            self.text(b's', &squeeze(value));
        } else {
            self.text(b's', value);
        }
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Never> {
        self.mark(b'b', value.len());
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Never> {
        self.bytes.push(b'-');
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Never> {
        self.bytes.push(b'+');
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Never> {
        self.bytes.push(b'0');
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Never> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Never> {
        self.text(b'v', variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<(), Never> {
        if self.extent.leaves_out_all(name) { Ok(()) } else { value.serialize(self) }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Never> {
        self.text(b'v', variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, Never> {
        self.bytes.push(b'[');
        Ok(Parts { writer: self, owner: "", silent: false })
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, Never> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Parts<'a>, Never> {
        self.serialize_struct(name, 0)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Never> {
        self.text(b'v', variant);
        self.serialize_seq(None)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, Never> {
        self.bytes.push(b'{');
        Ok(Parts { writer: self, owner: "", silent: false })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'a>, Never> {
        let silent = self.extent.leaves_out_all(name);
        if !silent {
            self.bytes.push(b'(');
        }
        Ok(Parts { writer: self, owner: name, silent })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a>, Never> {
        self.text(b'v', variant);
        self.serialize_struct(variant, 0)
    }
}

impl ser::SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = Never;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Never> {
        self.part(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Never> {
        self.part(value)
    }

    fn end(self) -> Result<(), Never> {
        self.done()
    }
}

parts! { SerializeSeq::serialize_element by part }
parts! { SerializeTuple::serialize_element by part }
parts! { SerializeTupleStruct::serialize_field by part }
parts! { SerializeTupleVariant::serialize_field by part }
parts! { SerializeStruct::serialize_field [name: &'static str] by named }
parts! { SerializeStructVariant::serialize_field [name: &'static str] by named }
